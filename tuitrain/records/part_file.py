"""The files of the ranks' parts of a state, beside the checkpoint of a run on several ranks.

A checkpoint ``NAME.npz`` has the session's state and the part of rank 0. The parts of the other
ranks are in ``NAME.ranks``, each written by its rank. A mark in their names, which the
checkpoint has, too, keeps the parts of a replaced checkpoint apart until the new one is complete.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from tuitrain.atomic_io import write_atomic
from tuitrain.decoding import decode_json
from tuitrain.engines.state import Array, EngineState
from tuitrain.errors import CheckpointError

from .array_file import DIGEST_MEMBER, check_digest, describing_errors, pack, problem, unpack
from .checkpoint_format import Count, StateRecord, decode_engine, encode_engine, engine_arrays

SCHEMA: Final = 1
FOLDER_SUFFIX: Final = ".ranks"
"""The end of the name of a folder with parts, in place of that of the checkpoint file."""

_META: Final = "meta.json"


class _Meta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header of a part, and its values that are not arrays."""

    schema: int
    rank: Count
    ranks: Count
    state: StateRecord


_DECODER: Final = msgspec.json.Decoder(_Meta)


class PartFiles:
    """The files of parts; see `PartStore`."""

    def write(self, place: str, rank: int, ranks: int, state: EngineState) -> None:
        """Write the part of a rank; see `PartStore.write`."""
        path = _path(place, rank)
        meta = msgspec.json.encode(_Meta(SCHEMA, rank, ranks, encode_engine(state)))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, pack({_META: np.frombuffer(meta, np.uint8), **engine_arrays(state)}))
        except OSError as error:
            raise CheckpointError(f"{path} cannot be written: {error.strerror}") from None

    def read(self, place: str, rank: int, ranks: int) -> EngineState:
        """Return the part of a rank; see `PartStore.read`."""
        path = _path(place, rank)
        meta, arrays = _read(path)
        if meta.schema != SCHEMA:
            raise CheckpointError(f"{path} has schema {meta.schema}; this version reads {SCHEMA}")
        if (meta.rank, meta.ranks) != (rank, ranks):
            raise CheckpointError(
                f"{path} belongs to rank {meta.rank} of {meta.ranks}, not to rank {rank} of {ranks}"
            )
        try:
            return decode_engine(meta.state, arrays)
        except (KeyError, ValueError, TypeError) as error:
            raise CheckpointError(f"{path} is damaged: {problem(error)}") from None

    def remove(self, place: str, rank: int) -> None:
        """Remove the part of a rank, if there is one."""
        with suppress(OSError):
            _path(place, rank).unlink(missing_ok=True)

    def remove_others(self, place: str, rank: int) -> None:
        """Remove the parts that a rank has at other places in the same folder."""
        kept = _path(place, rank)
        for path in kept.parent.glob(f"*-rank{rank}.npz"):
            if path != kept:
                with suppress(OSError):
                    path.unlink()


def parts_folder(checkpoint: Path) -> Path:
    """Return the folder with the parts that belong to a checkpoint file."""
    return checkpoint.with_suffix(FOLDER_SUFFIX)


def _path(place: str, rank: int) -> Path:
    return Path(f"{place}-rank{rank}.npz")


def _read(path: Path) -> tuple[_Meta, dict[str, Array]]:
    with describing_errors(path, "part of a state"):
        arrays = unpack(path)
        check_digest(arrays)
        meta = decode_json(arrays[_META].tobytes(), _DECODER, _META)
    return meta, {
        name: array for name, array in arrays.items() if name not in (_META, DIGEST_MEMBER)
    }
