"""Capturing an engine's state, and restoring it once it is validated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np

from tuitrain.commands import Clip
from tuitrain.errors import CommandError, RefusedError, StateMismatchError
from tuitrain_core import Parameter, tensor
from tuitrain_core.errors import CoreError
from tuitrain_core.optimizer import ParameterState

from ..state import Array, EngineState, OptimizerState
from .freezing import FrozenParameters
from .groups import Group, GroupTable, from_record, to_record
from .model import SeededModel


def capture_state(
    step: int, model: SeededModel, table: GroupTable, frozen: FrozenParameters, clip: Clip
) -> EngineState:
    """Return the state, with copies of all arrays."""
    return EngineState(
        step=step,
        parameters={name: item.memory().copy() for name, item in model.parameters.items()},
        buffers=_copies(model.buffers()),
        optimizers={
            name: OptimizerState(state.step, _copies(state.slots))
            for name, state in table.optimizer_states().items()
        },
        frozen=frozen.frozen_since(),
        groups=tuple(to_record(group) for group in table),
        random=_plain(model.generator.bit_generator.state),
        clip=(clip.by, clip.limit),
    )


def restore_state(
    state: EngineState, model: SeededModel, table: GroupTable, frozen: FrozenParameters
) -> None:
    """Restore a copy of a captured state; the caller restores step and clip.

    Raises
    ------
    StateMismatchError : as `validate_state`, or the random generator's state does not fit; nothing
        was changed
    """
    groups = validate_state(state, model.parameters, model.buffers())
    restore_rng(model.generator, state.random)
    for name, parameter in model.parameters.items():
        parameter.set_value(state.parameters[name])
        parameter.grad = None
    for name, buffer in model.buffers().items():
        buffer[...] = state.buffers[name]
    table.reset(groups)
    for name, remembered in state.optimizers.items():
        optimizer = table.group_of(name).optimizer
        optimizer.state[model.parameters[name]] = ParameterState(
            remembered.updates, _copies(remembered.slots)
        )
    frozen.reset(state.frozen)
    for name, gradient in state.gradients.items():
        model.parameters[name].grad = tensor(gradient.copy())


def validate_state(
    state: EngineState, parameters: Mapping[str, Parameter], buffers: Mapping[str, Array]
) -> list[Group]:
    """Check that a state fits this model, and make its groups, with optimizers without state.

    Raises
    ------
    StateMismatchError : lists every name that is missing, unknown, or of another shape or type
    """
    arrays = {name: item.memory() for name, item in parameters.items()}
    problems = [
        *_differences("parameter", state.parameters, arrays),
        *_differences("buffer", state.buffers, buffers),
        *_differences("gradient", state.gradients, _those_of(state.gradients, arrays)),
    ]
    groups: list[Group] = []
    for record in state.groups:
        try:
            groups.append(from_record(record, parameters))
        except KeyError as error:
            problems.append(f"group {record.get('name')}: {error} is missing or unknown")
        except (RefusedError, CoreError, TypeError, ValueError, AttributeError) as error:
            problems.append(f"group {record.get('name')}: {error}")
    if len(groups) == len(state.groups):
        problems += _group_problems(groups, parameters)
        problems += _optimizer_problems(state, groups, arrays)
    problems += [
        f"frozen {name}: no such parameter" for name in state.frozen if name not in parameters
    ]
    clipped = _clip_problem(*state.clip)
    problems += [clipped] if clipped else []
    if state.step < 0:
        problems.append(f"step {state.step} is below 0")
    if problems:
        raise StateMismatchError("the state does not fit the model: " + "; ".join(problems))
    return groups


def _clip_problem(by: str, limit: float) -> str:
    """Yield what is wrong with a way of clipping."""
    try:
        Clip(by, limit)  # type: ignore[arg-type]
    except CommandError as error:
        return str(error)
    return ""


def restore_rng(generator: np.random.Generator, saved: Mapping[str, Any]) -> None:
    """Restore the state of a Philox generator.

    Raises
    ------
    StateMismatchError : it is not the state of such a generator
    """
    try:
        inner = {key: np.array(value, np.uint64) for key, value in saved["state"].items()}
        whole = {**saved, "state": inner, "buffer": np.array(saved["buffer"], np.uint64)}
        # Try it on a spare generator first: a failing assignment may be half done.
        np.random.Generator(np.random.Philox(0)).bit_generator.state = whole
        generator.bit_generator.state = whole
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise StateMismatchError(f"no state of a random generator: {error}") from None


def _copies(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: array.copy() for name, array in arrays.items()}


def _plain(value: Any) -> Any:
    """Turn the arrays in a generator's state into lists of whole numbers."""
    if isinstance(value, Mapping):
        entries = cast(Mapping[str, Any], value)
        return {key: _plain(entry) for key, entry in entries.items()}
    return cast(Array, value).tolist() if isinstance(value, np.ndarray) else value


def _differences(
    kind: str, actual: Mapping[str, Array], expected: Mapping[str, Array]
) -> Iterable[str]:
    for name in sorted({*actual, *expected}):
        if name not in actual:
            yield f"{kind} {name} is missing"
        elif name not in expected:
            yield f"{kind} {name} is unknown"
        elif (actual[name].shape, actual[name].dtype) != (
            expected[name].shape,
            expected[name].dtype,
        ):
            yield (
                f"{kind} {name} is {actual[name].dtype} {actual[name].shape}, "
                f"expected {expected[name].dtype} {expected[name].shape}"
            )


def _those_of(names: Iterable[str], arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: arrays[name] for name in names if name in arrays}


def _group_problems(groups: list[Group], parameters: Iterable[str]) -> Iterable[str]:
    if sorted(name for group in groups for name in group.members) != sorted(parameters):
        yield "the groups do not hold each parameter exactly once"
    if len({group.name for group in groups}) < len(groups):
        yield "two groups have the same name"


def _optimizer_problems(
    state: EngineState, groups: list[Group], parameters: Mapping[str, Array]
) -> Iterable[str]:
    optimizers = {name: group.optimizer for group in groups for name in group.members}
    for name, remembered in state.optimizers.items():
        optimizer, parameter = optimizers.get(name), parameters.get(name)
        if optimizer is None or parameter is None:
            yield f"optimizer state {name}: no such parameter"
            continue
        for slot in optimizer.slots:
            if slot not in remembered.slots and slot not in optimizer.optional_slots:
                yield f"optimizer state {name} {slot} is missing"
        for slot, array in remembered.slots.items():
            if slot not in optimizer.slots:
                yield f"optimizer state {name} {slot} is unknown to {optimizer.rule}"
            elif (array.shape, array.dtype) != (parameter.shape, parameter.dtype):
                yield (
                    f"optimizer state {name} {slot} is {array.dtype} {array.shape}, "
                    f"expected {parameter.dtype} {parameter.shape}"
                )
