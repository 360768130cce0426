"""Steering: what keys ask of the run, and how its answers are found. It shows no run itself."""

from __future__ import annotations

from collections.abc import Callable

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
    Freeze,
    Pause,
    Resume,
    Rewind,
    RewindTo,
    Step,
    Stop,
    Thaw,
    Undo,
    parse,
    to_text,
)
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import Actor, GroupView, Phase, Snapshot

from .branches import BranchesDialog
from .confirm import Confirm
from .decay import DecayDialog
from .dialog import CommandDialog
from .lr import LrDialog
from .optimizer import OptimizerDialog
from .regroup import RegroupDialog
from .rewind import RewindDialog


class Steering(Screen[None]):
    """The base of the main screen: its keys become commands. It decides nothing about training."""

    snapshot: reactive[Snapshot | None] = reactive(
        None, always_update=True, init=False, repaint=False
    )
    """What the run last showed; every panel is bound to it, and repaints what differs."""

    def __init__(self, source: Source) -> None:
        super().__init__(id="deck-screen")
        self._source = source
        self._answers = Acknowledgements()

    @property
    def status(self) -> StatusLine:
        """The line that answers."""
        return self.query_one(StatusLine)

    @property
    def selected(self) -> TableRow | None:
        """The selected row; the display's own part."""
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

    def submit(self, command: AnyCommand, actor: Actor) -> None:
        """Hand a command to the run, and wait for its answer without waiting."""
        if self._ended(goes_back=isinstance(command, Rewind | RewindTo | Undo | Branch)):
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

    def _past(self) -> Snapshot | None:
        """Return a snapshot of a run that has a past to go back to; without one, say why."""
        snapshot = self.snapshot
        if snapshot is None or snapshot.phase is Phase.STARTING:
            self.status.say("nothing to go back to yet: the run is starting", "warning")
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

    def action_toggle_pause(self) -> None:
        """Pause, or go on."""
        if self.snapshot is not None and not self._ended():
            self.submit(Resume() if self.snapshot.phase is Phase.PAUSED else Pause(), "key")

    def action_step(self) -> None:
        """Take one step."""
        self.submit(Step(), "key")

    def action_toggle_freeze(self) -> None:
        """Freeze or thaw the selected name."""
        selected = self.selected
        if self._target() is not None and selected is not None:
            name = selected.name
            try:
                command = Thaw(name) if self.selection_frozen else Freeze(name)
            except TuitrainError as error:  # a model may give a parameter any name
                self.status.say(str(error), "warning")
            else:
                self.submit(command, "key")

    def action_set_lr(self) -> None:
        """Open the lr dialog."""
        if (group := self._target()) is not None:
            self._ask(LrDialog(group))

    def action_swap_optimizer(self) -> None:
        """Open the optimizer dialog."""
        if self.snapshot is not None and (group := self._target()) is not None:
            self._ask(OptimizerDialog(group, self.snapshot.optimizers))

    def action_decay(self) -> None:
        """Open the decay dialog."""
        if self.snapshot is not None and (group := self._target()) is not None:
            self._ask(DecayDialog(group, self.snapshot))

    def action_regroup(self) -> None:
        """Open the group dialog."""
        selected = self.selected
        if self.snapshot is not None and self._target() is not None and selected is not None:
            self._ask(
                RegroupDialog(self.snapshot.groups, "" if selected.is_group else selected.name)
            )

    def action_undo(self) -> None:
        """Take back the last command; not asked about, for the line with it is kept."""
        if self._past() is not None:
            self.submit(Undo(), "key")

    def action_rewind(self) -> None:
        """Open the rewind dialog."""
        if (snapshot := self._past()) is None:
            return
        if not snapshot.step and not snapshot.interventions:
            self.status.say("nothing to go back to yet: no step was taken", "warning")
            return
        self._ask(RewindDialog(lambda: self.snapshot or snapshot))

    def action_branch(self) -> None:
        """Open the list of branches."""
        if (snapshot := self._past()) is None:
            return
        if not snapshot.branches:
            self.status.say(
                "no branch was left yet: ← rewinds and u undoes, and leave one", "warning"
            )
            return
        self._ask(BranchesDialog(snapshot))

    def action_stop(self) -> None:
        """End the run, after asking."""
        if self.snapshot is None or self._ended():
            return
        warning = "It cannot be resumed; it can be rewound."
        self._confirm("Stop", warning, lambda: self.submit(Stop(), "key"))

    def action_quit(self) -> None:
        """Leave; ask while the run is going."""
        if self.snapshot is None or self.snapshot.phase.ended:
            self.app.exit()
            return
        self._confirm("Leave", "It ends with the screen.", self.leave)
