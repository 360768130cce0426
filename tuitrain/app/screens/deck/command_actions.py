"""The keys that steer the run: a command at once, or a dialog that makes one."""

from __future__ import annotations

from collections.abc import Callable

from tuitrain.commands import Freeze, Pause, Resume, SetPace, Step, Stop, Thaw
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import GroupView, Phase, ScheduledCommand, Snapshot

from ...keys.keymap import key_label
from ...renderables.formatting import format_count
from ..dialogs.breakpoints import BreakpointsDialog
from ..dialogs.clip import ClipDialog
from ..dialogs.confirm import ConfirmDialog
from ..dialogs.decay import DecayDialog
from ..dialogs.lr import LrDialog
from ..dialogs.optimizer import OptimizerDialog
from ..dialogs.preview_dialog import PreviewDialog, RequestPreview
from ..dialogs.regroup import RegroupDialog
from ..dialogs.schedule import ScheduleDialog
from ..dialogs.try_lr import TryDialog
from .command_sender import CommandSender
from .deck import Controller, Deck
from .pace import PaceFollower
from .row_selection import RowSelection


class CommandActions(Controller):
    """Commands to the targets of the row selection; each action shows why where there is none."""

    def __init__(
        self,
        deck: Deck,
        sender: CommandSender,
        selection: RowSelection,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(deck)
        self.pace = PaceFollower(clock)
        self._sender = sender
        self._selection = selection

    def action_toggle_pause(self) -> None:
        """Pause or resume the run."""
        snapshot = self.deck.snapshot
        if snapshot is not None and not self._sender.refuses():
            paused = snapshot.phase is Phase.PAUSED
            self._sender.submit(Resume() if paused else Pause(), "key")

    def action_step(self) -> None:
        """Take one step."""
        self._sender.submit(Step(), "key")

    def action_change_pace(self, direction: int) -> None:
        """Train slower or faster."""
        snapshot = self.deck.snapshot
        if snapshot is None or self._sender.refuses():
            return
        self._sender.submit(SetPace(self.pace.request(snapshot, direction)), "key")

    def action_toggle_freeze(self) -> None:
        """Freeze the targets, or thaw them if all are frozen."""
        if self._target() is None:
            return
        selection = self._selection
        command_type = Thaw if selection.is_frozen else Freeze
        whole_groups = {row.name for row in selection.targets if row.is_group}
        rows = [
            row
            for row in selection.targets
            if (row.is_group or row.group not in whole_groups)
            and (command_type is Thaw or not selection.is_row_frozen(row))
        ]
        for row in rows:
            try:
                command = command_type(row.name)
            except TuitrainError as error:  # a model may give a parameter any name
                self.deck.status.show_text(str(error), "warning")
            else:
                self._sender.submit(command, "key")

    def action_set_lr(self) -> None:
        """Open the lr dialog."""
        self._ask_for_group(LrDialog)

    def action_swap_optimizer(self) -> None:
        """Open the optimizer dialog."""
        self._ask_for_group(OptimizerDialog)

    def action_decay(self) -> None:
        """Open the decay dialog."""
        self._ask_for_group(DecayDialog)

    def action_schedule(self) -> None:
        """Open the schedule dialog."""
        self._ask_for_group(ScheduleDialog)

    def action_clip(self) -> None:
        """Open the clip dialog."""
        if self.deck.snapshot is not None and self._target() is not None:
            self._sender.ask(ClipDialog(self.deck.snapshot, self.deck.source.preview))

    def action_regroup(self) -> None:
        """Open the group dialog."""
        if self.deck.snapshot is not None and self._target() is not None:
            globs = " ".join(self._selection.target_parameters())
            self._sender.ask(RegroupDialog(self.deck.snapshot.groups, globs))

    def action_try(self) -> None:
        """Open the dialog that tries learning rates."""
        snapshot = self.deck.snapshot
        if snapshot is None or (group := self._target()) is None:
            return
        if not self._sender.lacks(snapshot.no_lr_sweep):
            self._sender.ask(TryDialog(group, snapshot))

    def action_breakpoints(self) -> None:
        """Open the breakpoints."""
        snapshot = self.deck.snapshot
        if snapshot is not None and not self._sender.refuses(changes_history=True):
            self._sender.ask(
                BreakpointsDialog(
                    snapshot,
                    lambda command: self._sender.submit(command, "key"),
                    self.deck.source.preview,
                )
            )

    def action_stop(self) -> None:
        """End the run, after asking."""
        if (snapshot := self.deck.snapshot) is None or self._sender.refuses():
            return
        warning = "`tuitrain resume` continues it later; a rewind goes back to an earlier step."
        if snapshot.no_way_back:
            warning = f"This is final: {snapshot.no_way_back}."
        self._sender.confirm("Stop", warning, lambda: self._sender.submit(Stop(), "key"))

    def ask_to_cancel(self, waiting: ScheduledCommand) -> None:
        """Cancel a command that waits for its step, after asking."""
        if self._sender.refuses() or self._lacks_pen():
            return
        question = f"Cancel `{waiting.command}`, which waits for step {format_count(waiting.step)}?"
        warning = f"{waiting.actor} gave it{f': {waiting.why}' if waiting.why else ''}."

        def act(confirmed: bool | None) -> None:
            if confirmed:
                self._sender.cancel(waiting)

        self.deck.app.push_screen(ConfirmDialog("Cancel", question, warning), act)

    def _lacks_pen(self) -> bool:
        """Return whether another screen has the pen, and show who."""
        attachment = self.deck.snapshot.attachment if self.deck.snapshot else None
        if attachment is None or attachment.holds_pen:
            return False
        key = key_label(self.deck.app, "pen")
        self.deck.status.show_text(
            f"{attachment.pen or 'no one'} has the pen: {key} asks for it", "warning"
        )
        return True

    def _ask_for_group(
        self, dialog: Callable[[GroupView, Snapshot, RequestPreview], PreviewDialog]
    ) -> None:
        """Open a dialog about the first target's group; its command is sent for all of them."""
        if self.deck.snapshot is not None and (group := self._target()) is not None:
            self._sender.ask_for_groups(
                dialog(group, self.deck.snapshot, self.deck.source.preview),
                self._selection.other_groups,
            )

    def _target(self) -> GroupView | None:
        """Return the group to act on; else show why there is none and return None."""
        if self._sender.refuses():
            return None
        group = self._selection.group
        if group is None:
            self.deck.status.show_too_early("no group to act on")
        return group
