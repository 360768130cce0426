"""The loop's side of a script's engine: batches, updates, and the boundary between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tuitrain.commands import Clip
from tuitrain_core.autodiff import GradManager, observe_backward
from tuitrain_core.data import DataLoader
from tuitrain_core.optimizer import clip_grad_norm, clip_grad_value
from tuitrain_core.tensor import Tensor

from ...grouping.freezing import FrozenParameters
from ...loops.turns import Turns
from ...pending_step import HoldCondition, PendingStep
from ...state import Array
from ..holdable_steps import ComputedStep, meets_condition
from ..model import MutableState, SeededModel
from .groups import ScriptGroups, set_rates


class ScriptLoop:
    """What the loop of a script calls, in its own thread, while it has the turn.

    Its boundary is `update`, before the parameters change, or, with a loader, `fetch`.

    Parameters
    ----------
    groups : the groups, with the script's optimizers
    model : the network
    frozen : which parameters are frozen
    loader : gives the batch of any step; None if the loop fetches its own

    Attributes
    ----------
    turns : the turns of the loop and of the session
    step : steps taken
    updates : the updates so far, those of left branches among them
    clip : how gradients are clipped
    held_buffers : the values of the buffers that frozen parameters hold, by name
    logged : the metrics that the script has reported last
    has_jumped : whether a state was loaded since the batch was fetched
    error : what has ended the loop, or None
    """

    def __init__(
        self,
        groups: ScriptGroups,
        model: SeededModel,
        frozen: FrozenParameters,
        loader: DataLoader | None,
    ) -> None:
        self.turns = Turns()
        self.step = self.updates = 0
        self.clip = Clip("off")
        self.held_buffers: dict[str, Array] = {}
        self.logged: dict[str, float] = {}
        self.has_jumped = False
        self.error: BaseException | None = None
        self._groups, self._model, self._frozen, self._loader = groups, model, frozen, loader
        self._loss = self._reported_loss = math.nan
        self._losses: list[float] = []
        self._should_hold: Callable[[PendingStep], bool] | None = None
        self._hold_condition: HoldCondition | None = None
        self._is_held = False
        self._begun: MutableState | None = None
        self._end_observation = observe_backward(self._add_loss)

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None,
        hold_condition: HoldCondition | None,
    ) -> Sequence[float]:
        """Let the loop take steps, and wait; called by the session. See `Trainable.run`."""
        self._losses, self._should_hold, self._is_held = [], should_hold, False
        self._hold_condition = hold_condition
        while len(self._losses) < steps:
            # The first turn is one step, so that a request to stop waits for no more than that.
            self.turns.let_run(steps - len(self._losses) if self._losses else 1)
            if self._is_held or self.turns.has_ended or should_stop():
                break
        if isinstance(self.error, Exception) and not self._losses:
            raise self.error
        return self._losses

    def jump(self, step: int) -> None:
        """Continue from another step, whose state was loaded; called by the session."""
        self.step, self.has_jumped, self._begun = step, True, None
        self.held_buffers = {}

    def fetch(self) -> Any:
        """Visit the boundary, and return the batch of the next step.

        Raises
        ------
        StoppedError : the run was stopped
        """
        assert self._loader is not None
        self.turns.visit()
        self.has_jumped = False
        if self._should_hold is not None:
            self._begun = self._model.mutable_state()
        return None if self.turns.is_released else self._loader.batch(self.step)

    def update(self) -> None:
        """Update the parameters by their gradients, in place of the optimizer's step.

        After a jump to another step the gradients are of no use, and nothing
        is updated.

        Raises
        ------
        StoppedError : the run was stopped
        """
        self._drop_frozen()
        if self._loader is None:
            self.has_jumped = False
            self.turns.visit()
            if self.has_jumped:
                return
            self._drop_frozen()
        self._groups.follow_script()
        while self._is_to_be_held():
            self._hold()
            if self.has_jumped:
                return
            self._drop_frozen()
        self._update_groups()
        reported = self._reported_loss
        self._losses.append(self._loss if math.isnan(reported) else reported)
        self._loss = self._reported_loss = math.nan
        self.step += 1
        self.updates += 1
        self.turns.count()

    def log(self, values: Mapping[str, float]) -> None:
        """Take metrics, or the ``loss`` of the coming update."""
        for name, value in values.items():
            if name == "loss":
                self._reported_loss = float(value)
            else:
                self.logged[name] = float(value)

    def end(self, error: BaseException | None = None) -> None:
        """Note that the loop has ended, and what has ended it."""
        self._end_observation()
        self.error = error
        self.turns.end()

    def _is_to_be_held(self) -> bool:
        if self._should_hold is None or self.turns.is_released:
            return False
        loss = self._loss if math.isnan(self._reported_loss) else self._reported_loss
        pending = ComputedStep(loss, tuple(self._losses), self._groups.table, lambda: ())
        condition = self._hold_condition
        may_hold = condition is None or meets_condition(pending, condition)
        return may_hold and self._should_hold(pending)

    def _hold(self) -> None:
        """Give the turn back before the update, with the state as it was before the step."""
        after = self._model.mutable_state()
        if self._begun is not None:
            self._model.restore(self._begun)
        self._is_held = True
        self.turns.give_back()
        if not self.has_jumped:
            self._model.restore(after)
        else:
            self._loss = self._reported_loss = math.nan

    def _drop_frozen(self) -> None:
        """Drop the gradients of frozen parameters, and restore the buffers that they hold."""
        for name in self._frozen.frozen_since():
            self._groups.parameters[name].grad = None
        if self.held_buffers:
            buffers = self._model.buffers()
            for name, array in self.held_buffers.items():
                buffers[name][...] = array

    def _update_groups(self) -> None:
        groups = set_rates(self._groups.table, self.step)
        for group in groups:
            group.optimizer.check()
        if self.clip.by == "norm":
            clip_grad_norm(self._groups.parameters.values(), self.clip.limit)
        elif self.clip.by == "value":
            clip_grad_value(self._groups.parameters.values(), self.clip.limit)
        for group in groups:
            group.optimizer.step()
        self._groups.share_state()

    def _add_loss(self, manager: GradManager, outputs: Sequence[Tensor]) -> None:
        """Add the outputs of a backward pass through this network to the loss of the step."""
        own = {id(item) for item in self._groups.parameters.values()}
        if any(id(item) in own for item in manager.attached_tensors()):
            value = sum(float(output.numpy().sum()) for output in outputs)
            self._loss = value if math.isnan(self._loss) else self._loss + value
