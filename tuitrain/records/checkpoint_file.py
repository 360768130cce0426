"""Checkpoint files: a session's state on disk, written atomically and never pickled.

A file holds plain arrays, one of which has all other values as JSON, and a digest that detects any
changed byte. Reading executes nothing.
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
from tuitrain.run.session_state import SessionState

from .array_file import DIGEST_MEMBER, check_digest, describing_errors, pack, problem, unpack
from .checkpoint_format import Count, StateRecord, decode_state, encode_state, state_arrays

SCHEMA = 1
CHECKPOINTS = "checkpoints"
_META = "meta.json"


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """A position in a record: how much of it was written.

    Attributes
    ----------
    journal : the number of lines in the journal
    metrics : the number of losses and metrics
    """

    journal: Count = 0
    metrics: Count = 0


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The content of a checkpoint file.

    Attributes
    ----------
    run : the digest of the scenario
    environment : versions and processor, which the bits depend on, too
    position : how much of the record was written before it
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
    """The part that checkpoints of every schema have."""

    schema: int


_SCHEMA_DECODER: Final = msgspec.json.Decoder(_Schema)
_META_DECODER: Final = msgspec.json.Decoder(_Meta)


def checkpoint_path(folder: Path, name: str) -> Path:
    """Return the path of a checkpoint in a run folder."""
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
    CheckpointError : the file does not exist, is damaged, is not a checkpoint, or does not have its
        digest
    """
    meta, arrays = _read(path, None)
    try:
        session = decode_state(meta.session, arrays)
    except (KeyError, ValueError, TypeError, CommandError) as error:
        raise CheckpointError(f"{path} is damaged: {problem(error)}") from None
    return Checkpoint(meta.run, meta.environment, meta.position, session)


def read_position(path: Path) -> Position:
    """Return the position in the record at which a checkpoint was made.

    Raises
    ------
    CheckpointError : as `read_checkpoint`
    """
    return _read(path, [_META])[0].position


def _read(path: Path, names: Iterable[str] | None) -> tuple[_Meta, dict[str, Array]]:
    """Read the JSON part, and the arrays of these names (default: all)."""
    with describing_errors(path, "checkpoint"):
        arrays = unpack(path, names)
        meta = _decoded(arrays[_META].tobytes())
        if meta.schema == SCHEMA:  # another schema may have another digest
            check_digest(arrays)
    if meta.schema != SCHEMA:
        raise CheckpointError(f"{path} has schema {meta.schema}; this version reads {SCHEMA}")
    return meta, {
        name: array for name, array in arrays.items() if name not in (_META, DIGEST_MEMBER)
    }


def _decoded(content: bytes) -> _Meta:
    """Decode the JSON part; of another schema only its number."""
    schema = decode_json(content, _SCHEMA_DECODER, _META).schema
    if schema != SCHEMA:
        return _Meta(schema, "", {}, Position(), StateRecord())
    return decode_json(content, _META_DECODER, _META)
