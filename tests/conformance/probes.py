"""Helpers that query an engine, and compare bits."""

import math
from dataclasses import replace

import numpy as np

from tuitrain.commands import parse
from tuitrain.engines.engine import Engine
from tuitrain.engines.steerable import CommandResult
from tuitrain.engines.views import GroupView

RULES = {
    "sgd": "momentum=0.9 weight_decay=0.1",
    "adam": "weight_decay=0.1",
    "adamw": "weight_decay=0.1",
    "rmsprop": "momentum=0.5 weight_decay=0.1",
    "adagrad": "weight_decay=0.1",
    "adadelta": "weight_decay=0.1",
    "lamb": "weight_decay=0.1",
    "lion": "weight_decay=0.1",
}
"""Every optimizer, with settings that change weights even where the gradient is zero."""


def train(engine: Engine, steps: int) -> list[float]:
    """Take steps; return their losses."""
    return list(engine.run(steps, lambda: False))


def do(engine: Engine, text: str) -> CommandResult:
    return engine.apply(parse(text))


def give(engine: Engine, target: str, rule: str) -> CommandResult:
    """Swap to an optimizer that has momentum or decay."""
    return do(engine, f"optimizer {target} {rule} {RULES[rule]}")


def group(engine: Engine, name: str) -> GroupView:
    return next(item for item in engine.groups() if item.name == name)


def members(engine: Engine, name: str) -> list[str]:
    return [row.name for row in group(engine, name).parameters]


def lr(engine: Engine, name: str) -> float:
    return group(engine, name).lr


def rates(engine: Engine, name: str, steps: int) -> list[float]:
    """Take steps; return a group's lr before each."""
    seen = []
    for _ in range(steps):
        seen.append(lr(engine, name))
        train(engine, 1)
    return seen


def weights(engine: Engine, names: list[str] | None = None) -> dict[str, bytes]:
    every = engine.parameters()
    return {name: every[name].tobytes() for name in names or every}


def copies(engine: Engine, names: list[str]) -> dict[str, np.ndarray]:
    every = engine.parameters()
    return {name: every[name].copy() for name in names}


def buffers(engine: Engine) -> dict[str, bytes]:
    return {name: item.tobytes() for name, item in engine.state().buffers.items()}


def updates(engine: Engine, names: list[str]) -> list[int]:
    """Return the number of updates of each parameter; 0 without optimizer state."""
    remembered = engine.state().optimizers
    return [remembered[name].updates if name in remembered else 0 for name in names]


def memory(engine: Engine, names: list[str]) -> dict[str, dict[str, bytes]]:
    """Return the optimizer state of these parameters, by slot."""
    remembered = engine.state().optimizers
    return {
        name: {slot: item.tobytes() for slot, item in remembered[name].slots.items()}
        for name in names
        if name in remembered
    }


def velocity(engine: Engine, name: str) -> np.ndarray:
    """Return the single array that momentum keeps for a parameter."""
    (array,) = engine.state().optimizers[name].slots.values()
    return array


def gradient_norm(engine: Engine, names: list[str]) -> float:
    gradients = [engine.gradient(name) for name in names]
    return math.sqrt(sum(float((item.astype(np.float64) ** 2).sum()) for item in gradients))


def whole(engine: Engine) -> tuple:
    """Return everything that a command without effect must not change."""
    state = engine.state()
    return (
        engine.step,
        engine.digest(),
        repr(engine.groups()),
        repr(state.groups),
        dict(state.frozen),
        repr(state.random),
        state.clip,
    )


def plant(engine: Engine, **values: np.ndarray) -> None:
    """Set parameters to a number or an array; ``fc__bias`` is ``fc.bias``."""
    state = engine.state()
    parameters = dict(state.parameters)
    for key, value in values.items():
        name = key.replace("__", ".")
        whole = np.empty_like(parameters[name])
        whole.ravel()[:] = np.ravel(value)
        parameters[name] = whole
    engine.load_state(replace(state, parameters=parameters))


def poison(engine: Engine, name: str, value: float = math.nan) -> None:
    """Put a value that is not finite into the computation of the loss."""
    state = engine.state()
    parameters = dict(state.parameters)
    parameters[name] = np.full_like(parameters[name], value)
    engine.load_state(replace(state, parameters=parameters))
