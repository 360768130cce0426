"""An engine that trains nothing: it counts steps and applies commands."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from tuitrain.commands import AnyCommand, Freeze
from tuitrain.engines.capabilities import EVERY_CAPABILITY
from tuitrain.engines.state import EngineState
from tuitrain.engines.steerable import CommandResult
from tuitrain.engines.views import GroupView, OptimizerChoice, ParameterRow, ParameterView
from tuitrain.errors import RefusedError
from tuitrain.metric_info import ACCURACY


class FakeEngine:
    """Loss n at step n; every command is applied, except a freeze of ``nothing``.

    ``before_step`` is called before each step with the number of steps taken, and ``before_batch``
    before each batch of the test set.
    """

    steps_per_epoch = 10
    batch_size = 4
    samples_per_epoch = 40
    fallback_reason = ""
    frozen_cache = None
    capabilities = EVERY_CAPABILITY
    has_reported = False
    is_steerable = True
    metrics = (ACCURACY,)
    test_batches = 3

    def __init__(self, before_step: Callable[[int], None] = lambda _: None) -> None:
        self.step = 0
        self.applied: list[tuple[int, AnyCommand]] = []
        self.evaluated_at: list[int] = []
        self.before_step = before_step
        self.nan_at: int | None = None
        self.before_batch: Callable[[], None] = lambda: None

    def apply(self, command: AnyCommand) -> CommandResult:
        if command == Freeze("nothing"):
            raise RefusedError("no group is called 'nothing'")
        self.applied.append((self.step, command))
        return CommandResult(command != Freeze("again"), "done")

    def run(
        self, steps: int, should_stop: Callable[[], bool], should_hold=None, hold_condition=None
    ):
        losses = []
        while len(losses) < steps:
            self.before_step(self.step)
            self.step += 1
            losses.append(math.nan if self.step == self.nan_at else float(self.step))
            if should_stop():
                break
        return losses

    def interrupt(self) -> None:
        """Do nothing: a step takes no time."""

    def preview(self, command: AnyCommand):
        return {"all": (0.1, 0.2)}

    def evaluate(self, on_batch=lambda: None) -> Mapping[str, float]:
        for _ in range(self.test_batches):
            self.before_batch()
            on_batch()
        self.evaluated_at.append(self.step)
        return {info.name: self.step / 100 for info in self.metrics}

    def rehearsal(self):
        raise RefusedError("this engine cannot be rehearsed")

    def groups(self) -> tuple[GroupView, ...]:
        row = ParameterRow("w", (2,), 2, math.nan, None)
        return (GroupView("all", (row,), 2, "sgd", "", "constant", 0.1, 0.1, math.nan, None, None),)

    def inspect_parameter(self, parameter: str) -> ParameterView | None:
        return None

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        return (OptimizerChoice("sgd", ()),)

    def parameters(self):
        return {"w": np.full(2, self.step, np.float32)}

    def gradient(self, parameter: str):
        return np.ones(2, np.float32)

    def group_of(self, parameter: str) -> str:
        return "all"

    def digests(self):
        return {"w": str(self.step)}

    def state(self) -> EngineState:
        groups = ({"members": ["w"], "applied": list(self.applied)},)
        return EngineState(self.step, dict(self.parameters()), {}, {}, {}, groups, {})

    def load_state(self, state: EngineState) -> None:
        self.step = state.step
        self.applied = list(state.groups[0]["applied"])

    def digest(self) -> str:
        return f"sha256:{self.step}"
