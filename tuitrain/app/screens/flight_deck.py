"""The main screen: shows a run and turns keys into commands. It decides nothing about training."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input

from tuitrain.app.acknowledgement import Acknowledgements
from tuitrain.app.completion import usage
from tuitrain.app.keys import KEYS, bindings
from tuitrain.app.renderables.footer import Hint
from tuitrain.app.renderables.formatting import count
from tuitrain.app.renderables.journal import answer
from tuitrain.app.source import Source
from tuitrain.app.widgets.banner import Banner
from tuitrain.app.widgets.command_line import CommandInput, CommandLine
from tuitrain.app.widgets.curves import AccuracyChart, LossChart
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.groups import GroupsTable
from tuitrain.app.widgets.header import RunHeader
from tuitrain.app.widgets.journal import Journal
from tuitrain.app.widgets.parameter import ParameterPanel
from tuitrain.app.widgets.status import StatusLine
from tuitrain.commands import (
    AnyCommand,
    Freeze,
    Pause,
    Resume,
    Step,
    Stop,
    Thaw,
    parse,
    to_text,
)
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import Actor, GroupView, Phase, Snapshot

from .confirm import Confirm
from .decay import DecayDialog
from .dialog import CommandDialog
from .help import Help
from .lr import LrDialog
from .optimizer import OptimizerDialog
from .regroup import RegroupDialog

_ALWAYS_ACT = ("help", "quit", "app.command_palette")


class FlightDeck(Screen[None]):
    """Header, groups, charts, parameter, journal, and the line where commands are typed."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    AUTO_FOCUS = "#groups"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    snapshot: reactive[Snapshot | None] = reactive(
        None, always_update=True, init=False, repaint=False
    )
    """What the run last showed; every panel is bound to it, and repaints what differs."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id="deck-screen")
        self._source = source
        self._clock = clock
        self._answers = Acknowledgements()

    def compose(self) -> ComposeResult:
        """Compose the panels; the stylesheet places them, by the size of the terminal."""
        yield RunHeader(self._clock).data_bind(FlightDeck.snapshot)
        yield Banner().data_bind(FlightDeck.snapshot)
        with Container(id="deck"):
            yield GroupsTable().data_bind(FlightDeck.snapshot)
            with Container(id="charts"):
                yield LossChart().data_bind(FlightDeck.snapshot)
                yield AccuracyChart().data_bind(FlightDeck.snapshot)
            yield ParameterPanel().data_bind(FlightDeck.snapshot)
            yield Journal().data_bind(FlightDeck.snapshot)
        yield CommandLine(lambda: self.snapshot)
        yield StatusLine().data_bind(FlightDeck.snapshot)
        yield KeyFooter().data_bind(FlightDeck.snapshot)

    @property
    def status(self) -> StatusLine:
        """The line that answers."""
        return self.query_one(StatusLine)

    @property
    def group(self) -> GroupView | None:
        """The selected group, or that of the selected parameter."""
        selected = self.query_one(GroupsTable).selected
        if self.snapshot is None or selected is None:
            return None
        named = (each for each in self.snapshot.groups if each.name == selected.group)
        return next(named, None)

    def tick(self) -> None:
        """Move what moves while the run has yet to start."""
        self.query_one(RunHeader).redraw()

    def submit(self, command: AnyCommand, actor: Actor) -> None:
        """Hand a command to the run, and wait for its answer without waiting."""
        if self._ended():
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

    def open_command_line(self, text: str = "") -> None:
        """Show the command line, with a beginning."""
        self.add_class("-typing")
        self.query_one(CommandInput).open(text)
        self.status.say(usage(text), "muted")

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        """Show the answer to what was sent, and what the keys do now."""
        if (entry := self._answers.answered(snapshot)) is not None:
            self.status.show(answer(entry))
        self._show_keys()

    @on(GroupsTable.Selected)
    def _watch_parameter(self, event: GroupsTable.Selected) -> None:
        """Ask the run for the selected parameter; of a group, for its largest."""
        name = event.row.name
        group = self.group
        if event.row.is_group and group is not None and group.parameters:
            name = max(group.parameters, key=lambda each: each.size).name
        self._source.watch(name)
        self._show_keys()

    @on(Input.Changed, "#command")
    def _show_usage(self, event: Input.Changed) -> None:
        if self.has_class("-typing"):
            self.status.say(usage(event.value), "muted")

    @on(Input.Submitted, "#command")
    def _send_line(self, event: Input.Submitted) -> None:
        """Send the line; one that cannot be read stays, with the reason under it."""
        text = event.value.strip()
        if not text:
            self._close_command_line()
            return
        self.query_one(CommandInput).remember(text)
        if self.submit_text(text, "command"):
            self._close_command_line()

    @on(CommandInput.Closed)
    def _leave_line(self) -> None:
        self._close_command_line()
        self.status.say("")

    def _close_command_line(self) -> None:
        self.remove_class("-typing")
        self.query_one(CommandInput).value = ""
        self.query_one(GroupsTable).focus()

    def _ended(self) -> bool:
        """Whether the run has ended; if so, say that."""
        if self.snapshot is None or not self.snapshot.phase.ended:
            return False
        step = count(self.snapshot.step)
        phase = self.snapshot.phase.value
        self.status.say(f"the run has ended ({phase} at step {step}): q leaves", "warning")
        return True

    def _target(self) -> GroupView | None:
        """Return the group to act on; without one, say why."""
        if self._ended():
            return None
        group = self.group
        if group is None:
            self.status.say("no group to act on yet: the run is starting", "warning")
        return group

    def _show_keys(self) -> None:
        """Name in the footer what every key does at this moment."""
        if (snapshot := self.snapshot) is None:
            return
        now = {}
        if snapshot.phase is Phase.PAUSED:
            now["toggle_pause"] = "resume"
        if self._selection_frozen():
            now["toggle_freeze"] = "thaw"
        hints = [
            Hint(
                key.written,
                now.get(key.action, key.label),
                now.get(key.action, key.short),
                key.action,
                key.action in _ALWAYS_ACT or not snapshot.phase.ended,
            )
            for key in KEYS
            if key.label
        ]
        self.query_one(KeyFooter).show(sorted(hints, key=lambda hint: not hint.acts))

    def _selection_frozen(self) -> bool:
        selected, group = self.query_one(GroupsTable).selected, self.group
        if selected is None or group is None:
            return False
        if selected.is_group:
            return group.frozen_since is not None
        named = (each for each in group.parameters if each.name == selected.name)
        return any(each.frozen_since is not None for each in named)

    def _ask(self, dialog: CommandDialog) -> None:
        """Open a dialog, and send what it answers."""

        def answered(command: AnyCommand | None) -> None:
            if command is not None:
                self.submit(command, "key")

        self.app.push_screen(dialog, answered)

    def action_toggle_pause(self) -> None:
        """Pause, or go on."""
        if self.snapshot is not None and not self._ended():
            self.submit(Resume() if self.snapshot.phase is Phase.PAUSED else Pause(), "key")

    def action_step(self) -> None:
        """Take one step."""
        self.submit(Step(), "key")

    def action_toggle_freeze(self) -> None:
        """Freeze or thaw the selected name."""
        selected = self.query_one(GroupsTable).selected
        if self._target() is not None and selected is not None:
            name = selected.name
            self.submit(Thaw(name) if self._selection_frozen() else Freeze(name), "key")

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
        selected = self.query_one(GroupsTable).selected
        if self.snapshot is not None and self._target() is not None and selected is not None:
            self._ask(
                RegroupDialog(self.snapshot.groups, "" if selected.is_group else selected.name)
            )

    def action_log_loss(self) -> None:
        """Switch the axis of the loss chart."""
        self.query_one(LossChart).toggle_scale()

    def action_command(self) -> None:
        """Open the command line."""
        if not self._ended():
            self.open_command_line()

    def action_help(self) -> None:
        """Open the help."""
        self.app.push_screen(Help())

    def action_stop(self) -> None:
        """End the run, after asking."""
        if self.snapshot is None or self._ended():
            return
        self._confirm("Stop", "It cannot be resumed.", lambda: self.submit(Stop(), "key"))

    def action_quit(self) -> None:
        """Leave; ask while the run is going."""
        if self.snapshot is None or self.snapshot.phase.ended:
            self.app.exit()
            return
        self._confirm("Leave", "It ends with the screen.", self.app.exit)

    def _confirm(self, act: str, warning: str, then: Callable[[], None]) -> None:
        """Ask before something that cannot be taken back, naming the run."""
        assert self.snapshot is not None
        title, step = self.snapshot.title, count(self.snapshot.step)
        question = f"{act} the run {title.name} at step {step} of {count(title.total_steps)}?"

        def answered(sure: bool | None) -> None:
            if sure:
                then()

        self.app.push_screen(Confirm(act, question, warning), answered)

    def action_next_panel(self) -> None:
        """Go to the journal, or back to the groups."""
        self.toggle_class("-journal")
        panel = Journal if self.has_class("-journal") else GroupsTable
        self.query_one(panel).focus()

    def action_leave(self) -> None:
        """Go back to the groups."""
        self.remove_class("-journal")
        self.query_one(GroupsTable).focus()
        self.status.say("")
