"""The loop's side of a script's engine: batches, updates, and the boundary between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tuitrain.commands import Clip
from tuitrain_core.autodiff import GradManager, observe_backward
from tuitrain_core.data import DataLoader
from tuitrain_core.optimizer import clip_grad_norm, clip_grad_value
from tuitrain_core.tensor import Tensor

from ...grouping.freezing import FrozenParameters
from ...loops.steered_loop import SteeredLoop
from ...state import Array
from ..holdable_steps import ComputedStep
from ..model import MutableState, SeededModel
from .groups import ScriptGroups, set_rates


class ScriptLoop(SteeredLoop):
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
    clip : how gradients are clipped
    held_buffers : the values of the buffers that frozen parameters hold, by name
    step, updates, logged, has_jumped, error, turns : see `SteeredLoop`
    """

    def __init__(
        self,
        groups: ScriptGroups,
        model: SeededModel,
        frozen: FrozenParameters,
        loader: DataLoader | None,
    ) -> None:
        super().__init__()
        self.clip = Clip("off")
        self.held_buffers: dict[str, Array] = {}
        self._groups, self._model, self._frozen, self._loader = groups, model, frozen, loader
        self._loss = math.nan
        self._begun: MutableState | None = None
        self._end_observation = observe_backward(self._add_loss)

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
        self._finish_step(self._loss)
        self._loss = math.nan

    def end(self, error: BaseException | None = None) -> None:
        """Note that the loop has ended, and what has ended it."""
        self._end_observation()
        super().end(error)

    def _is_to_be_held(self) -> bool:
        if self._should_hold is None or self.turns.is_released:
            return False
        loss = self._loss if math.isnan(self._reported_loss) else self._reported_loss
        pending = ComputedStep(loss, tuple(self._losses), self._groups.table, lambda: ())
        return self._wants_hold(pending)

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
        self._note_rates((group.name, group.optimizer.lr) for group in groups)
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
