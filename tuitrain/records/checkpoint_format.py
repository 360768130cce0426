"""A session's state as plain values and named arrays, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
import numpy as np

from tuitrain.commands import MAX_COUNT, MIN_PACE, parse, to_text
from tuitrain.engines.state import Array, EngineState, OptimizerState
from tuitrain.run.conditions.rules_state import NO_RULES
from tuitrain.run.history.branch import Branch
from tuitrain.run.history.branch_tree import BranchNode
from tuitrain.run.history.curve import Curve
from tuitrain.run.history.metric_curves import MetricCurves
from tuitrain.run.history.state_cache import Decision
from tuitrain.run.session_state import CheckpointRef, PlannedCommand, SessionState
from tuitrain.run.snapshot import Series

from .rules_format import Count, Record, RulesRecord, decode_rules, encode_rules, read_breakpoint

Pace: TypeAlias = Annotated[float, msgspec.Meta(ge=MIN_PACE)]
"""Steps a second."""

_Timed = TypeVar("_Timed", Decision, PlannedCommand)


class Timed(Record, frozen=True):
    """A decision or a planned command, with its step."""

    step: Count
    command: str


class BranchRecord(Record, frozen=True):
    """A branch without its curves."""

    name: str
    fork: Count
    tip: Count
    decisions: list[Timed]
    parent: str = ""


class CheckpointRecord(Record, frozen=True):
    """The place of a checkpoint."""

    step: Count
    decisions: list[Timed]
    planned: list[Timed]


class StateRecord(Record, frozen=True):
    """The part of a session's state that is not arrays; the present branch comes first."""

    step: Count = 0
    updates: dict[str, Count] = {}
    frozen: dict[str, Count] = {}
    groups: list[dict[str, Any]] = []
    random: dict[str, Any] = {}
    clip: tuple[str, float] = ("off", 0.0)
    made: Count = 0
    lines: list[BranchRecord] = []
    undone: list[str] = []
    marks: dict[str, CheckpointRecord] = {}
    planned: list[Timed] = []
    breakpoints: list[str] = []
    breakpoints_since: list[Count] | msgspec.UnsetType = msgspec.UNSET
    held_at: Count | None = None
    met: list[str] = []
    pace: Pace | msgspec.UnsetType = msgspec.UNSET
    memory: dict[str, Any] = {}
    rules: RulesRecord | msgspec.UnsetType = msgspec.UNSET


def encode_engine(engine: EngineState) -> StateRecord:
    """Return the part of an engine's state that is not arrays."""
    return StateRecord(
        step=engine.step,
        updates={name: optimizer.updates for name, optimizer in engine.optimizers.items()},
        frozen=dict(engine.frozen),
        groups=[dict(group) for group in engine.groups],
        random=dict(engine.random),
        clip=engine.clip,
    )


def encode_state(state: SessionState) -> StateRecord:
    """Return the part of a state that is not arrays."""
    return msgspec.structs.replace(
        encode_engine(state.engine),
        made=state.branches_made,
        lines=[
            BranchRecord(
                branch.name,
                branch.fork,
                branch.node.tip,
                _timed(branch.decisions),
                branch.node.parent,
            )
            for branch in (state.branch, *state.left_branches)
        ],
        undone=list(state.undone),
        marks={
            name: CheckpointRecord(ref.step, _timed(ref.decisions), _timed(ref.planned))
            for name, ref in state.checkpoints.items()
        },
        planned=_timed(state.planned),
        breakpoints=[to_text(condition) for condition in state.breakpoints],
        breakpoints_since=list(state.breakpoints_since) or msgspec.UNSET,
        held_at=state.held_step,
        met=[to_text(condition) for condition in state.met_conditions],
        pace=msgspec.UNSET if state.pace is None else state.pace,
        memory=dict(state.observer_state),
        rules=encode_rules(state.rules) if state.rules != NO_RULES else msgspec.UNSET,
    )


def engine_arrays(engine: EngineState) -> dict[str, Array]:
    """Return the arrays of an engine's state by name, such as ``parameter/conv1.weight``."""
    arrays = {f"parameter/{name}": array for name, array in engine.parameters.items()}
    arrays |= {f"buffer/{name}": array for name, array in engine.buffers.items()}
    arrays |= {f"gradient/{name}": array for name, array in engine.gradients.items()}
    for name, optimizer in engine.optimizers.items():
        arrays |= {f"slot/{name}/{slot}": array for slot, array in optimizer.slots.items()}
    return arrays


def state_arrays(state: SessionState) -> dict[str, Array]:
    """Return the arrays of a state by name; see `engine_arrays`."""
    arrays = engine_arrays(state.engine)
    for index, branch in enumerate((state.branch, *state.left_branches)):
        metrics = branch.metrics.series()
        accuracy = metrics.pop("accuracy", Series())  # every file has its arrays, also empty ones
        arrays[f"line/{index}/loss"] = branch.loss.series().values
        arrays[f"line/{index}/accuracy"] = accuracy.values
        arrays[f"line/{index}/measured"] = accuracy.steps
        for name, series in metrics.items():
            arrays[f"line/{index}/metric/{name}"] = series.values
            arrays[f"line/{index}/measured/{name}"] = series.steps
    return arrays


def decode_state(record: StateRecord, arrays: Mapping[str, Array]) -> SessionState:
    """Return the state of a record and its arrays.

    Raises
    ------
    KeyError : an array is missing or unknown
    ValueError, TypeError : an array has an impossible type, shape or value
    CommandError : a command cannot be read
    """
    left = dict(arrays)
    lengths = [record.step, *(branch.tip for branch in record.lines[1:])]
    lines = [
        _line(branch, left, index, length)
        for index, (branch, length) in enumerate(zip(record.lines, lengths, strict=False))
    ]
    if not lines:
        raise ValueError("it has no branch")
    since = record.breakpoints_since or []
    if len(since) not in (0, len(record.breakpoints)):
        raise ValueError("breakpoints and the steps at which they were set differ in number")
    return SessionState(
        engine=decode_engine(record, left),
        branches_made=record.made,
        branch=lines[0],
        left_branches=tuple(lines[1:]),
        undone=tuple(record.undone),
        checkpoints={
            name: CheckpointRef(
                mark.step,
                tuple(_read(Decision, mark.decisions)),
                tuple(_read(PlannedCommand, mark.planned)),
            )
            for name, mark in record.marks.items()
        },
        planned=tuple(_read(PlannedCommand, record.planned)),
        breakpoints=tuple(map(read_breakpoint, record.breakpoints)),
        breakpoints_since=tuple(since),
        held_step=record.held_at,
        met_conditions=tuple(map(read_breakpoint, record.met)),
        pace=record.pace or None,
        observer_state=record.memory,
        rules=decode_rules(record.rules) if record.rules else NO_RULES,
    )


def decode_engine(record: StateRecord, arrays: Mapping[str, Array]) -> EngineState:
    """Return the engine's state of a record and its arrays.

    Raises
    ------
    KeyError : an array is missing or unknown
    """
    kinds: dict[str, dict[str, Array]] = {"parameter": {}, "buffer": {}, "gradient": {}}
    slots: dict[str, dict[str, Array]] = {name: {} for name in record.updates}
    for entry, array in arrays.items():
        match entry.split("/"):
            case ["slot", name, slot] if name in slots:
                slots[name][slot] = array
            case [kind, name] if kind in kinds:
                kinds[kind][name] = array
            case _:
                raise KeyError(entry)
    return EngineState(
        step=record.step,
        parameters=kinds["parameter"],
        buffers=kinds["buffer"],
        optimizers={
            name: OptimizerState(updates, slots[name]) for name, updates in record.updates.items()
        },
        frozen=record.frozen,
        groups=tuple(record.groups),
        random=record.random,
        clip=record.clip,
        gradients=kinds["gradient"],
    )


def _line(record: BranchRecord, arrays: dict[str, Array], index: int, length: int) -> Branch:
    """Make a branch of ``length`` steps; its arrays are removed from ``arrays``."""
    loss = Curve()
    losses = _curve(arrays.pop(f"line/{index}/loss"))
    if len(losses) != length:
        raise ValueError(f"line {record.name} has {len(losses)} losses of {length} steps")
    loss.extend(1, losses)
    metrics = MetricCurves(dict(_metric_curves(arrays, index)))
    decisions = tuple(_read(Decision, record.decisions))
    node = BranchNode(record.name, record.fork, decisions, record.tip, record.parent)
    return Branch(node, loss, metrics)


def _metric_curves(arrays: dict[str, Array], index: int) -> Iterator[tuple[str, Curve]]:
    """Yield the metrics of a line with their curves; the arrays are taken out."""
    prefix = f"line/{index}/metric/"
    names = [entry.removeprefix(prefix) for entry in arrays if entry.startswith(prefix)]
    entries = [("accuracy", f"line/{index}/accuracy", f"line/{index}/measured")]
    entries += [(name, f"{prefix}{name}", f"line/{index}/measured/{name}") for name in names]
    for name, values_entry, steps_entry in entries:
        curve = Curve()
        values, steps = _curve(arrays.pop(values_entry)), _steps(arrays.pop(steps_entry))
        for step, value in zip(steps, values, strict=True):
            curve.extend(step, [value])
        if values:
            yield name, curve


def _curve(array: Array) -> list[float]:
    if array.dtype != np.float64 or array.ndim != 1:
        raise ValueError(f"a curve is float64 of one dimension, not {array.dtype} {array.shape}")
    return array.tolist()


def _steps(array: Array) -> list[int]:
    if array.dtype != np.int64 or array.ndim != 1:
        raise ValueError(f"steps are int64 of one dimension, not {array.dtype} {array.shape}")
    if len(array) and (array[0] < 0 or array[-1] > MAX_COUNT or (np.diff(array) <= 0).any()):
        raise ValueError(f"the steps of a metric do not ascend from 0 to {MAX_COUNT} at most")
    return array.tolist()


def _timed(commands: Iterable[Decision | PlannedCommand]) -> list[Timed]:
    return [Timed(command.step, to_text(command.command)) for command in commands]


def _read(kind: type[_Timed], records: Iterable[Timed]) -> Iterable[_Timed]:
    return (kind(record.step, parse(record.command)) for record in records)
