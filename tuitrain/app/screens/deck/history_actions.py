"""The keys of a run's history: back and forth, checkpoints, branches, comparison and saving."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tuitrain.commands import Redo, Undo
from tuitrain.encoding import truncate_utf8
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import JournalEntry, Phase, Snapshot
from tuitrain.scenario.save import save as save_run

from ...export.chart_files import MAX_STEM_BYTES
from ...keys.keymap import key_label
from ..dialogs.branches import BranchesDialog
from ..dialogs.checkpoint import CheckpointDialog
from ..dialogs.compare_rates import CompareRatesDialog
from ..dialogs.rewind import RewindDialog
from ..dialogs.save import SaveDialog, SaveRequest
from .command_sender import CommandSender
from .deck import Controller, Deck

SUFFIXES: Final = (".toml", ".py")
"""The formats in which a run can be saved: a scenario or a Python script."""


class HistoryActions(Controller):
    """Undo and rewind keep what followed as a branch, so that undo needs no question."""

    def __init__(self, deck: Deck, sender: CommandSender) -> None:
        super().__init__(deck)
        self._sender = sender

    def action_undo(self) -> None:
        """Take back the last command."""
        if self._sender.snapshot_with_history() is not None:
            self._sender.submit(Undo(), "key")

    def action_redo(self) -> None:
        """Apply again the command that the last undo took back."""
        if self._sender.snapshot_with_history() is not None:
            self._sender.submit(Redo(), "key")

    def action_rewind(self) -> None:
        """Open the rewind dialog."""
        snapshot = self._sender.snapshot_with_history()
        if snapshot is None or self._sender.lacks(snapshot.no_way_back):
            return
        if not snapshot.step and not snapshot.interventions:
            self._warn("nothing to go back to yet: no step was taken")
            return
        self.ask_for_rewind(snapshot)

    def ask_for_rewind(self, snapshot: Snapshot, step: int | None = None) -> None:
        """Open the rewind dialog, which follows the run, at a step or at the last command."""
        self._sender.ask(RewindDialog(lambda: self.deck.snapshot or snapshot, step))

    def action_keep(self) -> None:
        """Open the checkpoint dialog."""
        if (snapshot := self._sender.snapshot_with_history("keep")) is not None:
            self._sender.ask(CheckpointDialog(snapshot))

    def action_branch(self) -> None:
        """Open the tree of branches."""
        if (snapshot := self._sender.snapshot_with_history(looks=True)) is None:
            return
        if not snapshot.branches:
            if self._sender.lacks(snapshot.no_way_back):
                return
            rewind, undo = self._key("rewind"), self._key("undo")
            self._warn(f"no branch was left yet: {rewind} rewinds and {undo} undoes, and leave one")
            return
        self._sender.ask(BranchesDialog(snapshot))

    def action_what_if(self) -> None:
        """Compare the learning rates that were tried last."""
        if (snapshot := self._sender.snapshot_with_history(looks=True)) is None:
            return
        if snapshot.lr_sweep is None:
            if self._sender.lacks(snapshot.no_lr_sweep):
                return
            self._warn(f"nothing was tried yet: {self._key('try')} tries learning rates")
            return
        self._sender.ask(CompareRatesDialog(snapshot, snapshot.lr_sweep))

    def show_trial(self, reply: JournalEntry, snapshot: Snapshot) -> None:
        """Compare the learning rates of a sweep when its reply comes, unless a dialog is open."""
        tried = reply.command.startswith("try ") and reply.outcome == "applied"
        if tried and snapshot.lr_sweep is not None and self.deck.app.screen is self.deck:
            self._sender.ask(CompareRatesDialog(snapshot, snapshot.lr_sweep))

    def action_save(self) -> None:
        """Ask for a file, and save the commands as a scenario."""
        snapshot, folder = self.deck.snapshot, self.deck.record
        if snapshot is None or snapshot.phase is Phase.STARTING:
            self.deck.status.show_too_early("nothing to save")
            return
        if folder is None:
            self._warn(self.deck.no_record_notice)
            return

        def write(request: SaveRequest | None) -> None:
            if request is not None:
                self._save(folder, request)

        name = "-".join(snapshot.info.name.split()).replace("/", "-")
        printable = "".join(char if char.isprintable() else "-" for char in name)
        suggested = Path(f"{truncate_utf8(printable, MAX_STEM_BYTES) or 'mine'}.toml")
        self.deck.app.push_screen(SaveDialog(suggested, SUFFIXES), write)

    def _save(self, folder: Path, request: SaveRequest) -> None:
        try:
            save_run(folder, request.target, request.overwrite)
        except TuitrainError as error:
            self.deck.status.show_text(f"✗ {error}", "bad")
        else:
            self.deck.status.show_row((("✓ ", "good"), (f"saved as {request.target}", "strong")))

    def _warn(self, text: str) -> None:
        self.deck.status.show_text(text, "warning")

    def _key(self, name: str) -> str:
        return key_label(self.deck.app, name)
