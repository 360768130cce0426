"""The network of a record, ``network.json``: its tree as the live run had it at one step.

The file is written when a run begins whose network is known then, and once more when a viewer is
first shown the tree that a forward pass has traced.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from tuitrain.atomic_io import write_atomic
from tuitrain.decoding import decode_json
from tuitrain.engines.inspection import InputShape, NetworkRow, NetworkView
from tuitrain.errors import TuitrainError

NETWORK: Final = "network.json"


class RecordedNetwork(msgspec.Struct, frozen=True):
    """A network at a step.

    Attributes
    ----------
    step : the steps taken
    inputs : the shape and the dtype of each input, for one sample
    rows : modules, operations and parameters, in the order in which a batch passes through
    note : one sentence on what the tree lacks; "" if it was traced
    """

    step: int
    inputs: tuple[InputShape, ...]
    rows: tuple[NetworkRow, ...]
    note: str = ""


_DECODER: Final = msgspec.json.Decoder(RecordedNetwork)


def write_network(folder: Path, view: NetworkView) -> None:
    """Replace the network of a record.

    Raises
    ------
    OSError, UnicodeEncodeError : it cannot be written
    """
    recorded = RecordedNetwork(view.step, view.inputs, view.rows, view.note)
    write_atomic(folder / NETWORK, msgspec.json.encode(recorded) + b"\n")


def read_network(folder: Path) -> NetworkView | None:
    """Return the network of a record; None where it has none. Norms of gradients are not in it.

    Raises
    ------
    TuitrainError : the file cannot be read, or is damaged; names the file
    """
    path = folder / NETWORK
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TuitrainError(f"{path} cannot be read: {error.strerror}") from None
    recorded = decode_json(content, _DECODER, str(path))
    return NetworkView(recorded.step, recorded.inputs, recorded.rows, {}, note=recorded.note)
