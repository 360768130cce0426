"""Checkpoint files: an engine's state on disk, whole or not at all, and never pickled.

A file is NumPy's ``.npz``: a zip of plain arrays, each with a checksum, and one entry of JSON with
what is no array. Reading executes nothing.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tuitrain.engines.state import Array, EngineState, OptimizerState
from tuitrain.errors import TuitrainError

from .folder import write_whole

SCHEMA = 1
_META = "meta.json"


class CheckpointError(TuitrainError):
    """A checkpoint that cannot be written or read."""


class _Meta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    step: int
    updates: dict[str, int]
    frozen: dict[str, int]
    groups: list[dict[str, Any]]
    random: dict[str, Any]
    clip: tuple[str, float]


def write_checkpoint(path: Path, state: EngineState) -> None:
    """Write a state: to a file beside, to the disk, then under its name.

    Raises
    ------
    CheckpointError : it cannot be written; a file that was there is as it was
    """
    meta = _Meta(
        SCHEMA,
        state.step,
        {name: each.updates for name, each in state.optimizers.items()},
        dict(state.frozen),
        [dict(each) for each in state.groups],
        dict(state.random),
        state.clip,
    )
    content = io.BytesIO()
    encoded = np.frombuffer(msgspec.json.encode(meta), np.uint8)
    np.savez(content, allow_pickle=False, **{_META: encoded}, **_arrays(state))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.getvalue())
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error.strerror}") from None


def read_checkpoint(path: Path) -> EngineState:
    """Read a state.

    Raises
    ------
    CheckpointError : there is no such file, or it is damaged, or it is no checkpoint
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            entries = {name: file[name] for name in file.files}
        meta = msgspec.json.decode(entries.pop(_META).tobytes(), type=_Meta)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
        raise CheckpointError(f"{path} is damaged, or no checkpoint: {error}") from None
    if meta.schema != SCHEMA:
        raise CheckpointError(f"{path} has schema {meta.schema}; this version reads {SCHEMA}")
    return _state(path, meta, entries)


def _arrays(state: EngineState) -> dict[str, Array]:
    arrays = {f"parameter/{name}": array for name, array in state.parameters.items()}
    arrays |= {f"buffer/{name}": array for name, array in state.buffers.items()}
    for name, each in state.optimizers.items():
        arrays |= {f"slot/{name}/{slot}": array for slot, array in each.slots.items()}
    return arrays


def _state(path: Path, meta: _Meta, entries: Mapping[str, Array]) -> EngineState:
    parameters: dict[str, Array] = {}
    buffers: dict[str, Array] = {}
    slots: dict[str, dict[str, Array]] = {name: {} for name in meta.updates}
    for entry, array in entries.items():
        match entry.split("/"):
            case ["parameter", name]:
                parameters[name] = array
            case ["buffer", name]:
                buffers[name] = array
            case ["slot", name, slot] if name in slots:
                slots[name][slot] = array
            case _:
                raise CheckpointError(f"{path} is damaged: what is {entry!r}?")
    return EngineState(
        step=meta.step,
        parameters=parameters,
        buffers=buffers,
        optimizers={
            name: OptimizerState(updates, slots[name]) for name, updates in meta.updates.items()
        },
        frozen=meta.frozen,
        groups=tuple(meta.groups),
        random=meta.random,
        clip=meta.clip,
    )
