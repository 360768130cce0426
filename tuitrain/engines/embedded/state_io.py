"""Capturing an engine's state, and restoring it once it is validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from tuitrain.commands import Clip
from tuitrain.errors import StateMismatchError
from tuitrain_core import tensor
from tuitrain_core.optimizer import ParameterState

from ..grouping.freezing import FrozenParameters
from ..grouping.state_check import validate_state
from ..state import Array, EngineState, OptimizerState
from .model import SeededModel
from .optimizers import CoreTable


def capture_state(
    step: int, model: SeededModel, table: CoreTable, frozen: FrozenParameters, clip: Clip
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
        groups=tuple(table.to_record(group) for group in table),
        random=_plain(model.generator.bit_generator.state),
        clip=(clip.by, clip.limit),
    )


def restore_state(
    state: EngineState, model: SeededModel, table: CoreTable, frozen: FrozenParameters
) -> None:
    """Restore a copy of a captured state; the caller restores step and clip.

    Raises
    ------
    StateMismatchError : as `validate_state`, or the random generator's state does not fit; nothing
        was changed
    """
    arrays = {name: item.memory() for name, item in model.parameters.items()}
    groups = validate_state(state, table, arrays, model.buffers())
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
