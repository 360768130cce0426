"""Checkpoint files: a session's state on disk, whole or not at all, and never pickled.

A file is NumPy's ``.npz``: a zip of plain arrays, each with a checksum, and one entry of JSON with
what is no array. Reading executes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tuitrain.engines.state import Array
from tuitrain.errors import CommandError, TuitrainError

from .checkpoint_record import StateRecord, as_arrays, as_record, as_state
from .session_state import SessionState

SCHEMA = 1
CHECKPOINTS = "checkpoints"
_META = "meta.json"


class CheckpointError(TuitrainError):
    """A checkpoint that cannot be written or read."""


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """How much of a record there is.

    Attributes
    ----------
    journal : lines of the journal
    metrics : losses and accuracies
    """

    journal: int = 0
    metrics: int = 0


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


def checkpoint_file(folder: Path, name: str) -> Path:
    """Return where a run folder has the checkpoint of that name."""
    return folder / CHECKPOINTS / f"{name}.npz"


def as_bytes(checkpoint: Checkpoint) -> bytes:
    """Return the content of a checkpoint file."""
    meta = _Meta(
        SCHEMA,
        checkpoint.run,
        dict(checkpoint.environment),
        checkpoint.position,
        as_record(checkpoint.session),
    )
    encoded = np.frombuffer(msgspec.json.encode(meta), np.uint8)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{_META: encoded}, **as_arrays(checkpoint.session))
    return content.getvalue()


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    CheckpointError : there is no such file, or it is damaged, or it is no checkpoint
    """
    meta, arrays = _read(path, whole=True)
    try:
        session = as_state(meta.session, arrays)
    except (KeyError, ValueError, TypeError, CommandError) as error:
        raise CheckpointError(f"{path} is damaged: {_told(error)}") from None
    return Checkpoint(meta.run, meta.environment, meta.position, session)


def read_position(path: Path) -> Position:
    """Read at which position of the record a checkpoint was made.

    Raises
    ------
    CheckpointError : as `read_checkpoint`
    """
    return _read(path, whole=False)[0].position


def _read(path: Path, whole: bool) -> tuple[_Meta, dict[str, Array]]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            meta = _decoded(file[_META].tobytes())
            names = [name for name in file.files if name != _META] if whole else []
            arrays = {name: file[name] for name in names}
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception as error:  # a damaged zip or array can fail in any of a dozen ways
        raise CheckpointError(f"{path} is damaged, or no checkpoint: {_told(error)}") from None
    if meta.schema != SCHEMA:
        raise CheckpointError(f"{path} has schema {meta.schema}; this version reads {SCHEMA}")
    return meta, arrays


def _decoded(content: bytes) -> _Meta:
    """Decode what is no array; one of another schema is only asked which."""
    schema = msgspec.json.decode(content, type=dict[str, Any]).get("schema")
    if isinstance(schema, int) and schema != SCHEMA:
        return _Meta(schema, "", {}, Position(), StateRecord())
    return msgspec.json.decode(content, type=_Meta)


def _told(error: Exception) -> str:
    return f"what is {error}?" if isinstance(error, KeyError) else str(error) or repr(error)
