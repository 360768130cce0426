"""Checkpoint files: a session's state on disk, whole or not at all, and never pickled.

A file holds plain arrays, one of them with what is no array as JSON, and a digest of them all: a
change of any byte is detected. Reading executes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from tuitrain.decoding import decode_json
from tuitrain.engines.state import Array
from tuitrain.errors import CheckpointError, CommandError

from ..run.session_state import SessionState
from .array_file import DIGEST_MEMBER, check_digest, pack, unpack
from .checkpoint_format import Count, StateRecord, decode_state, encode_state, state_arrays

SCHEMA = 1
CHECKPOINTS = "checkpoints"
_META = "meta.json"


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """How much of a record there is.

    Attributes
    ----------
    journal : lines of the journal
    metrics : losses and accuracies
    """

    journal: Count = 0
    metrics: Count = 0


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes
    ----------
    run : digest of the scenario that is run
    environment : what the bits depend on besides it
    position : how much of the record had been written
    session : the state
    """

    run: str
    environment: Mapping[str, str]
    position: Position
    session: SessionState


class _Meta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    run: str
    environment: dict[str, str]
    position: Position
    session: StateRecord


class _Schema(msgspec.Struct, frozen=True):
    """What every checkpoint has, of whichever schema."""

    schema: int


_SCHEMA_DECODER: Final = msgspec.json.Decoder(_Schema)
_META_DECODER: Final = msgspec.json.Decoder(_Meta)


def checkpoint_path(folder: Path, name: str) -> Path:
    """Return where a run folder has the checkpoint of that name."""
    return folder / CHECKPOINTS / f"{name}.npz"


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Return the content of a checkpoint file."""
    meta = _Meta(
        SCHEMA,
        checkpoint.run,
        dict(checkpoint.environment),
        checkpoint.position,
        encode_state(checkpoint.session),
    )
    encoded = np.frombuffer(msgspec.json.encode(meta), np.uint8)
    return pack({_META: encoded, **state_arrays(checkpoint.session)})


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    CheckpointError : there is no such file, or it is damaged, or it is no checkpoint, or its
        content is not what its digest was made of
    """
    meta, arrays = _read(path, None)
    try:
        session = decode_state(meta.session, arrays)
    except (KeyError, ValueError, TypeError, CommandError) as error:
        raise CheckpointError(f"{path} is damaged: {_told(error)}") from None
    return Checkpoint(meta.run, meta.environment, meta.position, session)


def read_position(path: Path) -> Position:
    """Read at which position of the record a checkpoint was made.

    Raises
    ------
    CheckpointError : as `read_checkpoint`
    """
    return _read(path, [_META])[0].position


def _read(path: Path, names: Iterable[str] | None) -> tuple[_Meta, dict[str, Array]]:
    """Read what is no array, and the other arrays of these names (default: all)."""
    try:
        arrays = unpack(path, names)
        meta = _decoded(arrays[_META].tobytes())
        if meta.schema == SCHEMA:  # another may have another digest
            check_digest(arrays)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception as error:  # a damaged zip or array can fail in any of a dozen ways
        raise CheckpointError(f"{path} is damaged, or no checkpoint: {_told(error)}") from None
    if meta.schema != SCHEMA:
        raise CheckpointError(f"{path} has schema {meta.schema}; this version reads {SCHEMA}")
    return meta, {
        name: array for name, array in arrays.items() if name not in (_META, DIGEST_MEMBER)
    }


def _decoded(content: bytes) -> _Meta:
    """Decode what is no array; one of another schema is only asked which."""
    schema = decode_json(content, _SCHEMA_DECODER, _META).schema
    if schema != SCHEMA:
        return _Meta(schema, "", {}, Position(), StateRecord())
    return decode_json(content, _META_DECODER, _META)


def _told(error: Exception) -> str:
    return f"what is {error}?" if isinstance(error, KeyError) else str(error) or repr(error)
