"""Copying an engine's state out, and checking one that shall come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tuitrain.commands import Clip
from tuitrain.errors import StateMismatchError
from tuitrain_core.optimizer import ParameterState

from ..state import Array, EngineState, OptimizerState
from .groups import Group, to_record


def capture(
    step: int,
    parameters: Mapping[str, Array],
    buffers: Mapping[str, Array],
    remembered: Mapping[str, ParameterState],
    frozen: Mapping[str, int],
    groups: Iterable[Group],
    generator: np.random.Generator,
    clip: Clip,
) -> EngineState:
    """Return the state, with copies of all arrays."""
    return EngineState(
        step=step,
        parameters=_copies(parameters),
        buffers=_copies(buffers),
        optimizers={
            name: OptimizerState(state.step, _copies(state.slots))
            for name, state in remembered.items()
        },
        frozen=dict(frozen),
        groups=tuple(to_record(group) for group in groups),
        random=_plain(generator.bit_generator.state),
        clip=(clip.by, clip.limit),
    )


def check(
    state: EngineState, parameters: Mapping[str, Array], buffers: Mapping[str, Array]
) -> None:
    """Check that a state is of this model.

    Raises
    ------
    StateMismatchError : lists every name that is missing, unknown, or of another shape or type
    """
    problems = [
        *_differences("parameter", state.parameters, parameters),
        *_differences("buffer", state.buffers, buffers),
    ]
    grouped = sorted(name for record in state.groups for name in record["members"])
    if grouped != sorted(parameters):
        problems.append("the groups do not hold each parameter exactly once")
    for name, each in state.optimizers.items():
        shape = getattr(parameters.get(name), "shape", None)
        problems += [
            f"optimizer state {name} {slot}: shape {array.shape}, expected {shape}"
            for slot, array in each.slots.items()
            if array.shape != shape
        ]
    problems += [
        f"frozen {name}: no such parameter" for name in state.frozen if name not in parameters
    ]
    if problems:
        raise StateMismatchError("the state does not fit the model: " + "; ".join(problems))


def restore_random(generator: np.random.Generator, saved: Mapping[str, Any]) -> None:
    """Put a Philox generator where it was.

    Raises
    ------
    StateMismatchError : this is no state of such a generator
    """
    try:
        inner = {key: np.array(value, np.uint64) for key, value in saved["state"].items()}
        whole = {**saved, "state": inner, "buffer": np.array(saved["buffer"], np.uint64)}
        generator.bit_generator.state = whole
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise StateMismatchError(f"no state of a random generator: {error}") from None


def _copies(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: array.copy() for name, array in arrays.items()}


def _plain(value: Any) -> Any:
    """Turn the arrays in a generator's state into lists of whole numbers."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def _differences(
    kind: str, given: Mapping[str, Array], expected: Mapping[str, Array]
) -> Iterable[str]:
    for name in sorted({*given, *expected}):
        if name not in given:
            yield f"{kind} {name} is missing"
        elif name not in expected:
            yield f"{kind} {name} is unknown"
        elif (given[name].shape, given[name].dtype) != (expected[name].shape, expected[name].dtype):
            yield (
                f"{kind} {name} is {given[name].dtype} {given[name].shape}, "
                f"expected {expected[name].dtype} {expected[name].shape}"
            )
