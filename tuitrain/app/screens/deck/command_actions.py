"""What each key of the main screen asks for: a command at once, or a dialog that makes one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tuitrain.app.export.chart_files import MAX_STEM_BYTES
from tuitrain.app.keys.keymap import key_label
from tuitrain.app.renderables.tables.groups import TableRow
from tuitrain.app.saving import WRITERS, save
from tuitrain.commands import (
    AnyCommand,
    Freeze,
    Pause,
    Redo,
    Resume,
    Step,
    Stop,
    Thaw,
    Undo,
)
from tuitrain.encoding import truncate_utf8
from tuitrain.engines.closeups import See
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import Phase, Snapshot

from ..dialogs.branches import BranchesDialog
from ..dialogs.breakpoints import BreakpointsDialog
from ..dialogs.checkpoint import CheckpointDialog
from ..dialogs.clip import ClipDialog
from ..dialogs.decay import DecayDialog
from ..dialogs.lr import LrDialog
from ..dialogs.optimizer import OptimizerDialog
from ..dialogs.regroup import RegroupDialog
from ..dialogs.rewind import RewindDialog
from ..dialogs.save import Save, SaveDialog
from ..dialogs.schedule import ScheduleDialog
from ..dialogs.try_lr import TryDialog
from ..dialogs.what_if import WhatIfDialog
from ..inspection.batch import BatchScreen
from ..inspection.network import NetworkScreen
from ..inspection.weights import WeightsScreen, parameter_of
from .command_sender import Steering


class Acts(Steering):
    """The acts behind the keys; each says why when there is nothing to act on."""

    def action_toggle_pause(self) -> None:
        """Pause, or go on."""
        if self.snapshot is not None and not self._ended():
            self.submit(Resume() if self.snapshot.phase is Phase.PAUSED else Pause(), "key")

    def action_step(self) -> None:
        """Take one step."""
        self.submit(Step(), "key")

    def action_toggle_freeze(self) -> None:
        """Freeze what is chosen, or thaw it if all of it is frozen."""
        if self._target() is None:
            return
        act = Thaw if self.selection_frozen else Freeze
        whole = {row.name for row in self.chosen if row.is_group}
        rows = [
            row
            for row in self.chosen
            if (row.is_group or row.group not in whole) and (act is Thaw or not self.frozen(row))
        ]
        for row in rows:
            try:
                command = act(row.name)
            except TuitrainError as error:  # a model may give a parameter any name
                self.status.show_text(str(error), "warning")
            else:
                self.submit(command, "key")

    def action_set_lr(self) -> None:
        """Open the lr dialog."""
        if self.snapshot is not None and (group := self._target()) is not None:
            self._ask_for_group(LrDialog(group, self.snapshot, self._preview))

    def action_swap_optimizer(self) -> None:
        """Open the optimizer dialog."""
        if self.snapshot is not None and (group := self._target()) is not None:
            self._ask_for_group(OptimizerDialog(group, self.snapshot, self._preview))

    def action_decay(self) -> None:
        """Open the decay dialog."""
        if self.snapshot is not None and (group := self._target()) is not None:
            self._ask_for_group(DecayDialog(group, self.snapshot, self._preview))

    def action_schedule(self) -> None:
        """Open the schedule dialog."""
        if self.snapshot is not None and (group := self._target()) is not None:
            self._ask_for_group(ScheduleDialog(group, self.snapshot, self._preview))

    def action_clip(self) -> None:
        """Open the clip dialog."""
        if self.snapshot is not None and self._target() is not None:
            self._ask(ClipDialog(self.snapshot, self._preview))

    def action_regroup(self) -> None:
        """Open the group dialog."""
        if self.snapshot is not None and self._target() is not None:
            self._ask(RegroupDialog(self.snapshot.groups, " ".join(self._parameters_marked())))

    def _parameters_marked(self) -> list[str]:
        """Return the parameters that are marked, or the selected one; those of marked groups too.

        Of a group that is only selected none: it is one already.
        """
        groups = {} if self.snapshot is None else {g.name: g for g in self.snapshot.groups}
        marked, rows = bool(self.marked), self.chosen
        names = [
            name
            for row in rows
            for name in (
                [each.name for each in groups[row.name].parameters] * marked
                if row.is_group
                else [row.name]
            )
        ]
        return list(dict.fromkeys(names))

    def action_try(self) -> None:
        """Open the try dialog."""
        if self.snapshot is not None and (group := self._target()) is not None:
            self._ask(TryDialog(group, self.snapshot))

    def action_what_if(self) -> None:
        """Show what was tried last."""
        if (snapshot := self._past(looks=True)) is None:
            return
        if snapshot.lr_sweep is None:
            self.status.show_text(
                f"nothing was tried yet: {key_label(self.app, 'try')} tries learning rates",
                "warning",
            )
            return
        self._ask(WhatIfDialog(snapshot, snapshot.lr_sweep))

    def action_breakpoints(self) -> None:
        """Open the breakpoints."""
        if self.snapshot is None or self._ended(goes_back=True):
            return
        self._ask(BreakpointsDialog(self.snapshot, lambda command: self.submit(command, "key")))

    def action_undo(self) -> None:
        """Take back the last command; not asked about, for the line with it is kept."""
        if self._past() is not None:
            self.submit(Undo(), "key")

    def action_redo(self) -> None:
        """Put back what the last undo took; not asked about either."""
        if self._past() is not None:
            self.submit(Redo(), "key")

    def action_rewind(self) -> None:
        """Open the rewind dialog."""
        if (snapshot := self._past()) is None:
            return
        if not snapshot.step and not snapshot.interventions:
            self.status.show_text("nothing to go back to yet: no step was taken", "warning")
            return
        self._ask(RewindDialog(lambda: self.snapshot or snapshot))

    def action_keep(self) -> None:
        """Open the checkpoint dialog."""
        if (snapshot := self._past("keep")) is not None:
            self._ask(CheckpointDialog(snapshot))

    def action_branch(self) -> None:
        """Open the tree of branches."""
        if (snapshot := self._past(looks=True)) is None:
            return
        if not snapshot.branches:
            rewind, undo = (key_label(self.app, name) for name in ("rewind", "undo"))
            ways = f"{rewind} rewinds and {undo} undoes, and leave one"
            self.status.show_text(f"no branch was left yet: {ways}", "warning")
            return
        self._ask(BranchesDialog(snapshot))

    def action_weights(self) -> None:
        """Look closely at the selected parameter, or at a group's largest."""
        if (snapshot := self._built()) is not None and self.chosen:
            self.app.push_screen(WeightsScreen(self, parameter_of(self.chosen[0], snapshot)))

    def action_network(self) -> None:
        """Look at the network, and where its gradient flows."""
        if self._built() is not None:
            self.app.push_screen(NetworkScreen(self))

    def action_batch(self) -> None:
        """Look at samples, and what the network makes of them."""
        if self._built() is not None:
            self.app.push_screen(BatchScreen(self))

    def watch_closely(self, asked: See | None) -> None:
        """Ask the run to show something closely, or nothing any more."""
        self._source.inspect(asked)

    def act_for(self, rows: Sequence[TableRow], act: str) -> None:
        """Do what a key does, to rows that a view has chosen; to those of the table if none."""
        self.stood_for = rows
        try:
            getattr(self, f"action_{act}")()
        finally:
            self.stood_for = ()

    def _built(self) -> Snapshot | None:
        """Return a snapshot of a run that can be looked at; if there is none, say so."""
        snapshot = self.snapshot
        if snapshot is None or not snapshot.groups:
            self.status.show_text("nothing to look at yet: the run is starting", "warning")
            return None
        return snapshot

    def action_save(self) -> None:
        """Ask for a file, and save what was done as a scenario."""
        if self.snapshot is None or self.snapshot.phase is Phase.STARTING:
            self.status.show_text("nothing to save yet: the run is starting", "warning")
            return
        if (folder := self.record) is None:
            self.status.show_text("this run keeps no record to save", "warning")
            return

        def named(answer: Save | None) -> None:
            if answer is not None:
                self._save(folder, answer)

        name = "-".join(self.snapshot.info.name.split()).replace("/", "-")
        printable = "".join(each if each.isprintable() else "-" for each in name)
        suggested = Path(f"{truncate_utf8(printable, MAX_STEM_BYTES) or 'mine'}.toml")
        self.app.push_screen(SaveDialog(suggested, list(WRITERS)), named)

    def action_stop(self) -> None:
        """End the run, after asking."""
        if self.snapshot is None or self._ended():
            return
        warning = "`tuitrain resume` continues it later; a rewind goes back to an earlier step."
        self._confirm("Stop", warning, lambda: self.submit(Stop(), "key"))

    def action_quit(self) -> None:
        """Leave; ask while the run is going."""
        if self.snapshot is None or self.snapshot.phase.ended:
            self.app.exit()
            return
        self._confirm("Leave", "It ends with the screen.", self.leave)

    def _preview(self, command: AnyCommand | None) -> None:
        self._source.preview(command)

    def _save(self, folder: Path, answer: Save) -> None:
        try:
            save(folder, answer.target, answer.overwrite)
        except TuitrainError as error:
            self.status.show_text(f"✗ {error}", "bad")
        else:
            self.status.show_row((("✓ ", "good"), (f"saved as {answer.target}", "strong")))
