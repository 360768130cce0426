"""The loop's side of a script's engine: batches, updates, and the boundary between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tuitrain.commands import Clip
from tuitrain_core.autodiff import GradManager, observe_backward, observe_recording
from tuitrain_core.data import DataLoader
from tuitrain_core.optimizer import clip_grad_norm, clip_grad_value
from tuitrain_core.tensor import Tensor

from ...grouping.freezing import FrozenParameters
from ...loops.steered_loop import SteeredLoop
from ...state import Array
from ..holdable_steps import CorePendingStep
from ..model import MutableState, SeededModel
from .arrays import ScriptArrays
from .groups import ScriptGroups, set_rates


class ScriptLoop(SteeredLoop):
    """The methods that the loop of a script calls, in its own thread, while it has the turn.

    Its boundary is, with a loader, `fetch`; else the first recording of a manager that has
    parameters of the network, before the forward pass; or `update`, if there was none.

    Parameters
    ----------
    groups : the groups, with the script's optimizers
    model : the network
    arrays : the parameters' values and gradients
    frozen : which parameters are frozen
    loader : gives the batch of any step; None if the loop fetches its own
    on_first_step : called before the first boundary

    Attributes
    ----------
    clip : how gradients are clipped
    held_buffers : the values of the buffers that frozen parameters hold, by name
    step, updates, reported, logged, has_jumped, error, turns : see `SteeredLoop`
    """

    def __init__(
        self,
        groups: ScriptGroups,
        model: SeededModel,
        arrays: ScriptArrays,
        frozen: FrozenParameters,
        loader: DataLoader | None,
        on_first_step: Callable[[], None],
    ) -> None:
        super().__init__()
        self.clip = Clip("off")
        self.held_buffers: dict[str, Array] = {}
        self._groups, self._model, self._frozen, self._loader = groups, model, frozen, loader
        self._arrays = arrays
        self._loss = math.nan
        self._begun: MutableState | None = None
        self._on_first_step = on_first_step
        self._has_visited = self._is_update_broken = False
        self._own = frozenset(map(id, groups.parameters.values()))
        self._observations = [observe_backward(self._add_loss)]
        if loader is None:
            self._observations.append(observe_recording(self._visit_before_forward))

    def jump(self, step: int) -> None:
        """Continue from another step, whose state was loaded; called by the session."""
        self.step, self.has_jumped, self._begun = step, True, None
        self.logged, self.held_buffers = {}, {}
        self._arrays.forget_update()

    def fetch(self) -> Any:
        """Visit the boundary, and return the batch of the next step.

        Raises
        ------
        StoppedError : the run was stopped
        """
        assert self._loader is not None
        if self.has_jumped:  # what the loop has reported since then is of the step that was left
            self.reported = {}
            self._loss = self._reported_loss = math.nan
        self._visit()
        self.has_jumped = self._has_updated = False
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
        RefusedError : the batch of a loader has had its update
        """
        if self._loader is not None:
            self._check_first_update()
        elif not self._has_visited:
            self._visit_before_update()
        self._has_visited = False
        self._drop_frozen()
        if self.has_jumped:
            return
        self._groups.follow_script()
        while self._is_to_be_held():
            self._hold()
            if self.has_jumped:
                return
            self._drop_frozen()
        self.turns.begin_update()
        try:
            self._update_groups()
            self._arrays.note_update()
            self._finish_step(self._loss)
            self._is_update_broken = False
        finally:
            self.turns.end_update()
        self._loss = math.nan

    def end(self, error: BaseException | None = None) -> None:
        """Note that the loop has ended, and what has ended it."""
        for end_observation in self._observations:
            end_observation()
        self._observations = []
        super().end(error)

    @property
    def _is_updating(self) -> bool:
        """Whether an update is under way, or was left by an exception."""
        return self._is_update_broken

    def _may_have_changed_buffers(self) -> bool:
        """Whether a forward pass since the boundary may have changed buffers."""
        is_in_step = self._has_visited if self._loader is None else not self._has_updated
        return is_in_step and bool(self._model.buffers())

    def _visit(self) -> None:
        self._on_first_step()
        self.collect_reports()
        self.turns.visit()
        self._has_visited = True

    def _visit_before_forward(self, manager: GradManager) -> None:
        """Visit the boundary before the first forward pass of a step."""
        if not self._has_visited and self._is_own(manager):
            self._visit()

    def _visit_before_update(self) -> None:
        """Visit the boundary of a step whose gradients were computed without a manager.

        At the boundary frozen parameters have no gradient, and their buffers the bytes that they
        hold. What is thawed there gets both back, and takes part in the update.
        """
        parameters, buffers = self._groups.parameters, self._model.buffers()
        gradients = {name: parameters[name].grad for name in self._frozen.frozen_since()}
        changed = {name: buffers[name].copy() for name in self.held_buffers}
        self._drop_frozen()
        self._visit()
        for name, gradient in gradients.items():
            parameters[name].grad = gradient
        for name in changed.keys() - self.held_buffers.keys():
            buffers[name][...] = changed[name]

    def _is_to_be_held(self) -> bool:
        if self._should_hold is None or self.turns.is_released:
            return False
        loss = self._loss if math.isnan(self._reported_loss) else self._reported_loss
        pending = CorePendingStep(loss, tuple(self._losses), self._groups.table, lambda: ())
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
        self._is_update_broken = True
        for group in groups:
            group.optimizer.step()
        self._groups.share_state()

    def _add_loss(self, manager: GradManager, outputs: Sequence[Tensor]) -> None:
        """Add the outputs of a backward pass through this network to the loss of the step."""
        if self._is_own(manager):
            value = sum(float(output.numpy().sum()) for output in outputs)
            self._loss = value if math.isnan(self._loss) else self._loss + value

    def _is_own(self, manager: GradManager) -> bool:
        return any(id(item) in self._own for item in manager.attached_tensors())
