# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportAttributeAccessIssue=false
"""The loop's side of a script's engine: its boundaries, its batches, and its updates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from ...loops.steered_loop import SteeredLoop
from ..pending import TorchPendingStep
from ..updates import Updates
from .backward import is_skipped, unscale, unscale_others
from .hooks import StepHooks
from .loop_parts import LoopParts
from .measuring import Measuring
from .plain_steps import PlainSteps
from .step_call import drop_gradients
from .step_hold import StepHold
from .turn_losses import TurnLosses


class TorchLoop(SteeredLoop):
    """The methods that a script calls, in its own thread, while it has the turn.

    Its boundary is the end of ``optimizer.step()``, of the last optimizer if there are several; or,
    with batches, the moment at which the next batch is fetched.

    Attributes
    ----------
    updates_of : the updates of the optimizers
    has_skipped : whether a scaler has skipped the step of the present batch
    on_uninstall : called when the hooks are removed
    """

    def __init__(self, parts: LoopParts) -> None:
        super().__init__()
        self.updates_of = Updates(parts.groups, parts.buffers)
        self._groups, self._arrays, self._pruning = parts.groups, parts.arrays, parts.pruning
        self._batches, self._next_forward = parts.batches, parts.next_forward
        self._checks, self._scaler = parts.checks, parts.scaler
        self._buffer_versions = parts.buffers.versions
        self._turn_losses, self._hold = TurnLosses(), StepHold(parts.mutable)
        self._loss, self._measuring = self._turn_losses.step, Measuring()
        self._hooks = StepHooks(
            self._before,
            self._after,
            self._loss.set_default,
            self._begin_plain,
            self._end_plain,
        )
        self._freezes = parts.freezes
        self._plain = PlainSteps(parts.groups, self.updates_of, parts.freezes)
        self._is_in_step = self._is_dropped = self._is_skipped = False
        self._has_visited = self._has_late_report = False
        self._on_first_step: Callable[[], None] | None = None
        self.has_skipped = False
        self.on_uninstall: Callable[[], None] = lambda: None

    def install(self, on_first_step: Callable[[], None]) -> None:
        """Put hooks into the script's optimizers.

        Parameters
        ----------
        on_first_step : called before the first update
        """
        self._on_first_step = on_first_step
        self.turns.on_give_back = self._read_losses
        self._loss.observe()
        self._hooks.install(self._groups.optimizers)

    def uninstall(self) -> None:
        """Remove the hooks; groups that a command has swapped are then updated no more."""
        self._hooks.uninstall()
        self._loss.end()
        self._next_forward.cancel()
        self.on_uninstall()

    def end(self, error: BaseException | None = None) -> None:
        """Note that the loop has ended, and what has ended it."""
        self.uninstall()
        super().end(error)

    @property
    def _is_updating(self) -> bool:
        """Whether an update is under way, or only some optimizers have stepped."""
        return self.turns.is_updating or self._is_in_step

    def _may_have_changed_buffers(self) -> bool:
        """Whether a forward pass since the boundary may have changed buffers."""
        is_in_step = self._batches is None or not self._has_updated
        return is_in_step and self._buffer_versions.may_have_changed()

    def log(self, values: Mapping[str, float]) -> None:
        """Take metrics, or the ``loss`` of the coming update; see `SteeredLoop.log`.

        What a loop without `batches` reports between an update and the next forward pass is of the
        boundary between them. It is recorded before that pass, or, where `torch.compile` is in use,
        before the next update.
        """
        super().log(values)
        if self.reported and self._batches is None and self._has_visited:
            is_called = self._next_forward.call(self._visit_again)
            self._has_late_report = not is_called and not self._loss.has_begun

    def jump(self, step: int) -> None:
        """Continue from another step, whose state was loaded; called by the session."""
        self.step, self.has_jumped = step, True
        self._hold.forget()
        self._loss.clear()
        self._reported_loss, self.logged = math.nan, {}
        self._arrays.forget_update()
        if self._batches is not None:
            self._batches.jump()

    def visit(self) -> None:
        """Visit the boundary.

        Raises
        ------
        StoppedError : the run was stopped
        """
        self._loss.follow_thread()
        if self.has_jumped:  # what the loop has reported since then is of the step that was left
            self.reported = {}
        self.collect_reports()
        self.turns.visit()
        if self._pruning.is_waiting:
            self._pruning.retry()

    def next_batch(self) -> Any:
        """Return the batch of the next step; None after the last."""
        assert self._batches is not None
        self.has_jumped = self._is_in_step = self._is_dropped = self.has_skipped = False
        self._has_updated = False
        self._buffer_versions.note()
        self._arrays.forget_update()  # before the coming gradients take memory
        if self._should_hold is not None:
            self._hold.begin()
        return None if self.turns.is_released else self._batches.batch(self.step)

    def next_part(self, part: int) -> Any:
        """Return a further batch of a step that has several, counted from 1."""
        assert self._batches is not None
        return self._batches.batch(self.step, part)

    def skip(self) -> None:
        """Note that a scaler has skipped the step of the batch."""
        assert self._batches is not None
        self._batches.skip()
        self._loss.clear()
        self._reported_loss = math.nan

    def prepare_step(self, loss: Any) -> None:
        """Check that a step can be taken, and take its loss, if it is given.

        Raises
        ------
        RefusedError : the loss is not a number, or no parameter has a gradient
        """
        self._checks.check_gradients(self.updates_of.frozen)
        if loss is not None:
            self._loss.set(loss)

    def _begin_plain(self, optimizer: torch.optim.Optimizer) -> bool:
        """Begin an update that needs nothing, and return whether it does; see `PlainSteps`.

        It is not the first of its turn, nor the last, which are measured.
        """
        turns = self.turns
        is_within = turns.taken and len(self._losses) + 1 < self._max_steps
        if not is_within or self._should_hold is not None or self.has_jumped:
            return False
        if self._has_late_report:
            return False
        if turns.is_released or self._checks.is_forked or not self._plain.has(optimizer):
            return False
        if self._batches is not None:
            self._check_first_update()
        turns.begin_update()
        return True

    def _end_plain(self) -> None:
        """Count a plain update, whose learning rates are those of the one before."""
        self._plain.count()
        self._rates_step = self.step + 1
        self._count_step()
        self._end_step()

    def _before(self, optimizer: torch.optim.Optimizer) -> None:
        """Do what comes before an update."""
        self._checks.check_step(optimizer)
        if self._on_first_step is not None:
            begin, self._on_first_step = self._on_first_step, None
            begin()
        if is_skipped(optimizer):
            self._is_skipped = self.has_skipped = True
            return
        unscale(optimizer)
        self.updates_of.drop_frozen()
        if not self._is_in_step:
            self._open_step()
        if self._is_dropped:
            drop_gradients(optimizer)
            return
        self.updates_of.is_measured = self._is_to_be_measured()
        if not self.turns.taken:
            self._checks.check_parts()
        self.turns.begin_update()
        self._groups.follow_script()
        self._freezes.note(optimizer, self._groups.share_of(optimizer).members, self.step)
        if self.updates_of.clip.by != "off":
            unscale_others(optimizer, self._groups.optimizers, self._scaler)
        self.updates_of.clip_gradients()
        self.updates_of.before(optimizer, self.step)

    def _after(self, optimizer: torch.optim.Optimizer) -> None:
        """Do what comes after an update."""
        if self._is_skipped:
            self._is_skipped = False
            return
        if not self._is_dropped:
            self.updates_of.after(optimizer)
        if optimizer is self._groups.optimizers[-1]:
            self._close_step()
        else:
            self.turns.end_update()

    def _open_step(self) -> None:
        """Visit the first boundary if there was none, and hold the step at a breakpoint.

        Raises
        ------
        RefusedError : the batch of `batches` has had its update
        """
        if self._batches is not None:
            self._check_first_update()
        self._is_in_step, self._is_dropped = True, False
        if self._batches is None and not self._has_visited:
            self._has_visited = True
            self.visit()
            self.has_jumped = False
            self.updates_of.drop_frozen()
        if self._has_late_report:
            self._visit_again()
            self.updates_of.drop_frozen()
        if self.has_jumped:
            self._is_dropped = True
        if self._should_hold is not None:
            self._read_losses()
        while not self._is_dropped and self._should_hold is not None:
            loss, earlier = self._turn_losses.now(self._reported_loss), map(float, self._losses)
            pending = TorchPendingStep(loss, tuple(earlier), self._groups.table, tuple)
            if not self._wants_hold(pending):
                break
            self._is_held = True
            self._hold.wait(self.turns.give_back, lambda: self.has_jumped)
            self._is_dropped = self.has_jumped
            self.updates_of.drop_frozen()

    def _close_step(self) -> None:
        """Count the step, and visit the boundary after it."""
        self._is_in_step = False
        self.updates_of.end_step()
        if not self._is_dropped:
            if self.updates_of.is_measured:
                self._measuring.note(self.updates_of.take_measuring_seconds())
            groups = self._groups.table
            self._note_rates((group.name, group.optimizer.lr) for group in groups)
            self._count_step()
        self._plain.prepare()
        self._end_step()

    def _end_step(self) -> None:
        """Visit the boundary after a step, unless the next batch is fetched there."""
        self._loss.clear()
        self.turns.end_update()
        if self._batches is None:
            self.visit()
            self.has_jumped = False
            self._buffer_versions.note()
        elif self.is_viewed and not self._is_dropped:
            self._arrays.note_update()

    def _count_step(self) -> None:
        """Count a step; its loss is read now, or with others if it is on another device."""
        losses, is_alone = self._turn_losses, self.turns.is_released
        self._finish_step(losses.take(len(self._losses), self._reported_loss, is_alone))

    def _read_losses(self) -> None:
        self._turn_losses.write_into(self._losses)

    def _visit_again(self) -> None:
        """Visit the boundary after an update again, for what was reported after it.

        Raises
        ------
        StoppedError : the run was stopped
        """
        self._has_late_report = False
        if self.has_reports_of_boundary():
            self.collect_reports()
            self.turns.give_back()

    def _is_to_be_measured(self) -> bool:
        """Whether a viewer may see the sizes of this update: at a run's end, and now and then."""
        if self._should_hold is not None or len(self._losses) + 1 == self._max_steps:
            return True
        return self.is_viewed and self.turns.taken == 0 and self._measuring.is_due
