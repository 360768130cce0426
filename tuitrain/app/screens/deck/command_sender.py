"""Steering: how commands reach the run, and how its answers are found. It shows no run itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from msgspec import structs
from textual.reactive import reactive

from tuitrain.app.keys.keymap import key_label
from tuitrain.app.renderables.formatting import format_count
from tuitrain.app.renderables.tables.groups import TableRow
from tuitrain.app.screens.deck.pending_replies import PendingReplies
from tuitrain.app.source import Source
from tuitrain.app.widgets.status_line import StatusLine
from tuitrain.commands import (
    AddBreakpoint,
    AnyCommand,
    Branch,
    Checkpoint,
    Redo,
    RemoveBreakpoint,
    Rewind,
    RewindToCheckpoint,
    Undo,
    parse,
    to_text,
)
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import Actor, GroupView, Phase, Snapshot

from ...framework.screens import BaseScreen
from ..dialogs.command_dialog import CommandDialog
from ..dialogs.confirm import ConfirmDialog

GOES_BACK: Final = (
    Rewind,
    RewindToCheckpoint,
    Undo,
    Redo,
    Branch,
    Checkpoint,
    AddBreakpoint,
    RemoveBreakpoint,
)
"""What can be asked of a run that has ended."""


class Steering(BaseScreen[None]):
    """The base of the main screen: it hands commands over. It decides nothing about training."""

    snapshot: reactive[Snapshot | None] = reactive(
        None, always_update=True, init=False, repaint=False
    )
    """What the run last showed; every panel is bound to it, and repaints what differs."""

    held: reactive[bool] = reactive(False, init=False, repaint=False)
    """Whether the display stands still, whatever the run does."""

    def __init__(self, source: Source, record: Path | None = None, read_only: bool = False) -> None:
        super().__init__(id="deck-screen")
        self.read_only = read_only
        self._source = source
        self.record = record
        self.stood_for: Sequence[TableRow] = ()
        """The rows that a view over this screen has chosen, while it acts on them."""
        self._answers = PendingReplies()

    @property
    def status(self) -> StatusLine:
        """The line that answers."""
        return self.query_one(StatusLine)

    @property
    def selected(self) -> TableRow | None:
        """The selected row; the display's own part."""
        raise NotImplementedError

    def show_keys(self) -> None:
        """Name in the footer what every key does at this moment; the display's own part."""
        raise NotImplementedError

    @property
    def marked(self) -> list[TableRow]:
        """The marked rows, to act on together; the display's own part."""
        raise NotImplementedError

    @property
    def chosen(self) -> list[TableRow]:
        """The rows to act on: those a view has chosen, else the marked ones or the selected."""
        if self.stood_for:
            return list(self.stood_for)
        selected = self.selected
        return self.marked or ([] if selected is None else [selected])

    @property
    def group(self) -> GroupView | None:
        """The group to act on first: that of the first row that is chosen."""
        chosen = self.chosen
        if self.snapshot is None or not chosen:
            return None
        named = (each for each in self.snapshot.groups if each.name == chosen[0].group)
        return next(named, None)

    @property
    def selection_frozen(self) -> bool:
        """Whether all that is chosen holds still."""
        chosen = self.chosen
        return bool(chosen) and all(map(self.frozen, chosen))

    def frozen(self, row: TableRow) -> bool:
        """Whether all that a row stands for holds still."""
        groups = () if self.snapshot is None else self.snapshot.groups
        rows = groups if row.is_group else [each for group in groups for each in group.parameters]
        named = [each for each in rows if each.name == row.name]
        named = named or [each for each in rows if fnmatchcase(each.name, row.name)]
        return bool(named) and all(each.frozen_since is not None for each in named)

    @property
    def waits_for_answer(self) -> bool:
        """Whether a command was sent whose answer is still to come."""
        return self._answers.is_waiting

    def submit(self, command: AnyCommand, actor: Actor) -> None:
        """Hand a command to the run, and wait for its answer without waiting."""
        if self._ended(goes_back=isinstance(command, GOES_BACK)):
            return
        self.held = False  # whoever steers wants to see what comes of it
        text = to_text(command)
        try:
            ticket = self._source.submit(command, actor)
        except TuitrainError as error:
            self.status.show_row((("✗ ", "bad"), (text, "strong"), (f"  {error}", "bad")))
            return
        self._answers.add(ticket)
        self.status.show_row(((f"… {text}", "strong"), ("  waits for the step boundary", "muted")))

    def submit_text(self, text: str, actor: Actor) -> bool:
        """Hand over a command given as text; say what is wrong with one that cannot be read."""
        try:
            command = parse(text)
        except TuitrainError as error:
            self.status.show_text(f"✗ {error}", "bad")
            return False
        self.submit(command, actor)
        return True

    def _ended(self, goes_back: bool = False) -> bool:
        """Whether this cannot be asked: the run has ended, or is only shown; if so, say that.

        What ``goes_back`` in its history is out of reach only after a failure.
        """
        if self.read_only:
            self.status.show_text(
                "read-only: this screen shows the run and does not steer it", "warning"
            )
            return True
        snapshot = self.snapshot
        if snapshot is None or not snapshot.phase.ended:
            return False
        failed = snapshot.phase is Phase.FAILED
        if goes_back and not failed:
            return False
        q = f"{key_label(self.app, 'quit')} leaves"
        rewind, undo = (key_label(self.app, name) for name in ("rewind", "undo"))
        ways = q if failed else f"{rewind} rewinds, {undo} undoes, {q}"
        step = format_count(snapshot.step)
        self.status.show_text(
            f"the run has ended ({snapshot.phase.value} at step {step}): {ways}", "warning"
        )
        return True

    def _past(self, act: str = "go back to", looks: bool = False) -> Snapshot | None:
        """Return a snapshot of a run that has a past; without one, say that, naming the act.

        Whoever only ``looks`` may do so in a run that is only shown, and in one that has failed.
        """
        snapshot = self.snapshot
        if looks and snapshot is not None and snapshot.phase is not Phase.STARTING:
            return snapshot
        if not self.read_only and (snapshot is None or snapshot.phase is Phase.STARTING):
            self.status.show_text(f"nothing to {act} yet: the run is starting", "warning")
            return None
        return None if self._ended(goes_back=True) else snapshot

    def _target(self) -> GroupView | None:
        """Return the group to act on; without one, say why."""
        if self._ended():
            return None
        group = self.group
        if group is None:
            self.status.show_text("no group to act on yet: the run is starting", "warning")
        return group

    def _ask(self, dialog: CommandDialog) -> None:
        """Open a dialog, and send what it answers."""

        def answered(command: AnyCommand | None) -> None:
            if command is not None:
                self.submit(command, "key")

        self.app.push_screen(dialog, answered)

    def _ask_for_group(self, dialog: CommandDialog) -> None:
        """Open a dialog about the first chosen group; send what it answers for every one."""
        _, *others = dict.fromkeys(row.group for row in self.chosen)
        dialog.also = tuple(others)

        def answered(command: AnyCommand | None) -> None:
            if command is None:
                return
            self.submit(command, "key")
            for name in others:
                self.submit(structs.replace(command, target=name), "key")

        self.app.push_screen(dialog, answered)

    def _confirm(self, act: str, warning: str, then: Callable[[], None]) -> None:
        """Ask before something that ends the run, naming it."""
        assert self.snapshot is not None
        title, step = self.snapshot.info, format_count(self.snapshot.step)
        question = (
            f"{act} the run {title.name} at step {step} of {format_count(title.total_steps)}?"
        )

        def answered(sure: bool | None) -> None:
            if sure:
                then()

        self.app.push_screen(ConfirmDialog(act, question, warning), answered)

    def leave(self) -> None:
        """Leave; the run's thread is waited for, which takes seconds while kernels compile."""
        for status in self.query(StatusLine):  # there may be none, in a screen that has a fault
            status.show_text("ending the run…", "warning")
        self.call_after_refresh(self.app.exit)
