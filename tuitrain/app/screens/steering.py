"""Steering: how commands reach the run, and how its answers are found. It shows no run itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from textual.reactive import reactive
from textual.screen import Screen

from tuitrain.app.acknowledgement import Acknowledgements
from tuitrain.app.renderables.formatting import count
from tuitrain.app.renderables.groups import TableRow
from tuitrain.app.source import Source
from tuitrain.app.widgets.status import StatusLine
from tuitrain.commands import (
    AnyCommand,
    Branch,
    BreakOff,
    BreakWhen,
    Checkpoint,
    Redo,
    Rewind,
    RewindTo,
    Undo,
    parse,
    to_text,
)
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import Actor, GroupView, Phase, Snapshot

from .confirm import Confirm
from .dialog import CommandDialog

GOES_BACK: Final = (Rewind, RewindTo, Undo, Redo, Branch, Checkpoint, BreakWhen, BreakOff)
"""What can be asked of a run that has ended."""


class Steering(Screen[None]):
    """The base of the main screen: it hands commands over. It decides nothing about training."""

    snapshot: reactive[Snapshot | None] = reactive(
        None, always_update=True, init=False, repaint=False
    )
    """What the run last showed; every panel is bound to it, and repaints what differs."""

    def __init__(self, source: Source, record: Path | None = None) -> None:
        super().__init__(id="deck-screen")
        self._source = source
        self.record = record
        self._answers = Acknowledgements()

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
    def group(self) -> GroupView | None:
        """The selected group, or that of the selected parameter."""
        selected = self.selected
        if self.snapshot is None or selected is None:
            return None
        named = (each for each in self.snapshot.groups if each.name == selected.group)
        return next(named, None)

    @property
    def selection_frozen(self) -> bool:
        """Whether the selected group or parameter holds still."""
        selected, group = self.selected, self.group
        if selected is None or group is None:
            return False
        if selected.is_group:
            return group.frozen_since is not None
        named = (each for each in group.parameters if each.name == selected.name)
        return any(each.frozen_since is not None for each in named)

    @property
    def waits_for_answer(self) -> bool:
        """Whether a command was sent whose answer is still to come."""
        return self._answers.waiting

    def submit(self, command: AnyCommand, actor: Actor) -> None:
        """Hand a command to the run, and wait for its answer without waiting."""
        if self._ended(goes_back=isinstance(command, GOES_BACK)):
            return
        text = to_text(command)
        try:
            ticket = self._source.submit(command, actor)
        except TuitrainError as error:
            self.status.show((("✗ ", "bad"), (text, "strong"), (f"  {error}", "bad")))
            return
        self._answers.expect(ticket)
        self.status.show(((f"… {text}", "strong"), ("  waits for the step boundary", "muted")))

    def submit_text(self, text: str, actor: Actor) -> bool:
        """Hand over a command given as text; say what is wrong with one that cannot be read."""
        try:
            command = parse(text)
        except TuitrainError as error:
            self.status.say(f"✗ {error}", "bad")
            return False
        self.submit(command, actor)
        return True

    def _ended(self, goes_back: bool = False) -> bool:
        """Whether the run has ended, so that this cannot be asked of it; if so, say that.

        What ``goes_back`` in its history is out of reach only after a failure.
        """
        snapshot = self.snapshot
        if snapshot is None or not snapshot.phase.ended:
            return False
        failed = snapshot.phase is Phase.FAILED
        if goes_back and not failed:
            return False
        ways = "q leaves" if failed else "← rewinds, u undoes, q leaves"
        step = count(snapshot.step)
        self.status.say(
            f"the run has ended ({snapshot.phase.value} at step {step}): {ways}", "warning"
        )
        return True

    def _past(self, act: str = "go back to") -> Snapshot | None:
        """Return a snapshot of a run that has a past; without one, say that, naming the act."""
        snapshot = self.snapshot
        if snapshot is None or snapshot.phase is Phase.STARTING:
            self.status.say(f"nothing to {act} yet: the run is starting", "warning")
            return None
        return None if self._ended(goes_back=True) else snapshot

    def _target(self) -> GroupView | None:
        """Return the group to act on; without one, say why."""
        if self._ended():
            return None
        group = self.group
        if group is None:
            self.status.say("no group to act on yet: the run is starting", "warning")
        return group

    def _ask(self, dialog: CommandDialog) -> None:
        """Open a dialog, and send what it answers."""

        def answered(command: AnyCommand | None) -> None:
            if command is not None:
                self.submit(command, "key")

        self.app.push_screen(dialog, answered)

    def _confirm(self, act: str, warning: str, then: Callable[[], None]) -> None:
        """Ask before something that ends the run, naming it."""
        assert self.snapshot is not None
        title, step = self.snapshot.title, count(self.snapshot.step)
        question = f"{act} the run {title.name} at step {step} of {count(title.total_steps)}?"

        def answered(sure: bool | None) -> None:
            if sure:
                then()

        self.app.push_screen(Confirm(act, question, warning), answered)

    def leave(self) -> None:
        """Leave; the run's thread is waited for, which takes seconds while kernels compile."""
        self.status.say("ending the run…", "warning")
        self.call_after_refresh(self.app.exit)
