"""The dialog of breakpoints and rules: lists, sets and removes conditions."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.suggester import Suggester

from tuitrain.commands import AddBreakpoint, AnyCommand, parse, to_text
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import Snapshot, UpdatePreview

from ...completion import completions
from ...condition_examples import condition_examples, rule_example, units_conditions
from ...framework.content import literal
from ...widgets.no_markup import Input, Option, OptionList, Static
from .command_dialog import CommandDialog
from .preview_dialog import RequestPreview

START = "break when "
RULE_START = "when "
_WIDTH = 66
_MAX_SEARCHED = 8
"""Maximum number of groups that the run is asked about."""


class BreakpointsDialog(CommandDialog):
    """Lists breakpoints and rules; enter sets the typed one, delete removes the selected one.

    A condition alone makes a breakpoint; one with ``do`` and commands a rule.

    Parameters
    ----------
    send : sends a command to the run; the dialog stays open
    request_preview : requests whether the typed condition holds now, or would be refused
    """

    verb = "break"
    AUTO_FOCUS = "#condition"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete", "remove", "Remove", priority=True, show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("tab", "complete", "Complete", priority=True, show=False),
    ]

    def __init__(
        self,
        snapshot: Snapshot,
        send: Callable[[AnyCommand], None],
        request_preview: RequestPreview,
    ) -> None:
        super().__init__("breakpoints")
        self._snapshot = snapshot
        self._send = send
        self._request_preview = request_preview
        self._entered_text = self._requested_text = ""
        self._units = UnitsSearch()
        self._texts: dict[str, str] = {}
        self._listed: tuple[tuple[str, str], ...] | None = None

    def compose_body(self) -> ComposeResult:
        """Compose the list, the field and examples of conditions."""
        yield Static(id="how-many")
        yield OptionList(id="breakpoints", compact=True)
        yield Static("pause before an update is applied, when", classes="label")
        yield Input(id="condition", compact=True, suggester=_Conditions(lambda: self._snapshot))
        yield Static(id="examples", classes="hint")

    def compose_preview(self) -> ComposeResult:
        """Compose the line that says whether the typed condition holds now."""
        yield Static(id="effect", classes="hint")

    def keys(self) -> str:
        """Return the keys, as markup."""
        return (
            "[b]enter[/] set   [b]tab[/] complete   [b]↑ ↓[/] choose   [b]del[/] remove"
            "   [b]esc[/] close"
        )

    def on_mount(self) -> None:
        """List the breakpoints and the rules."""
        self.query_one("#breakpoints").can_focus = False
        self._list(self._snapshot)
        self._show_examples(self._snapshot)
        super().on_mount()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """List the breakpoints and the rules of a snapshot, and show the run's preview."""
        self._snapshot = snapshot
        self._list(snapshot)
        if not snapshot.phase.ended:  # which breakpoints outlive, and previews do not
            self._units.follow(snapshot)
            self._follow_preview(snapshot.preview)
        self._show_examples(snapshot)

    def on_unmount(self) -> None:
        """End the request of a preview."""
        self._request_preview(None)

    def command_text(self) -> str:
        """Return ``break when CONDITION``, or ``when CONDITION do COMMAND``."""
        value = self.query_one("#condition", Input).value.strip()
        return _start(value) + value

    def show_command(self) -> None:
        """Show the command; an incomplete one is not called a mistake yet."""
        line = self.query_one("#line", Static)
        try:
            line.update(f":{to_text(self.command())}")
        except CommandError:
            line.update("")
        line.set_class(False, "wrong")

    def action_send(self) -> None:
        """Set the typed breakpoint or rule, and stay open."""
        try:
            command = self.command()
        except CommandError:
            super().show_command()
            return
        self._send(command)
        self.query_one("#condition", Input).value = ""

    def action_remove(self) -> None:
        """Remove the selected breakpoint or rule."""
        selected = self.query_one(OptionList).highlighted_option
        if selected is not None and selected.id is not None:
            self._send(parse(selected.id))

    def action_move(self, delta: int) -> None:
        """Select another one."""
        options = self.query_one(OptionList)
        if options.option_count:
            at = (options.highlighted or 0) + delta
            options.highlighted = max(0, min(at, options.option_count - 1))

    def action_complete(self) -> None:
        """Accept the suggestion."""
        field = self.query_one("#condition", Input)
        start = _start(field.value)
        if lines := completions(start + field.value, self._snapshot):
            field.value = lines[0].removeprefix(start) + " "
            field.cursor_position = len(field.value)

    def _follow_preview(self, answer: UpdatePreview | None) -> None:
        """Show the run's preview; request one if the entry no longer changes."""
        typed = self._typed_command()
        command = typed or self._units.command
        text = "" if command is None else to_text(command)
        if text == self._entered_text and text != self._requested_text:
            self._requested_text = text
            self._request_preview(command)
        self._entered_text = text
        is_answer = typed is not None and answer is not None and answer.command == text
        self._show_effect(answer if is_answer else None)

    def _typed_command(self) -> AnyCommand | None:
        """Return the typed command; None while it is not complete."""
        try:
            return self.command()
        except CommandError:
            return None

    def _show_effect(self, answer: UpdatePreview | None) -> None:
        """Show whether the typed condition holds now, or why it would be refused."""
        effect, problem = ("", "") if answer is None else (answer.effect, answer.problem)
        self._update("effect", f"✗ {problem}" if problem else effect)
        self.query_one("#effect", Static).set_class(bool(problem), "wrong")

    def _show_examples(self, snapshot: Snapshot) -> None:
        """Show conditions that this run can have, each within one line."""
        examples = condition_examples(snapshot, self._units.group)
        whole = "   ".join(example.replace(" ", "\u00a0") for example in examples)
        text = textwrap.fill(f"such as   {whole}", _WIDTH).replace("\u00a0", " ")
        self._update("examples", f"{text}\nor   {rule_example(snapshot)}")

    def _update(self, name: str, text: str) -> None:
        """Show another text; the same one would cost a layout of the screen each time."""
        if self._texts.get(name) != text:
            self._texts[name] = text
            self.query_one(f"#{name}", Static).update(literal(text))

    def _list(self, snapshot: Snapshot) -> None:
        rows = (*_breakpoint_rows(snapshot), *_rule_rows(snapshot))
        if rows == self._listed:
            return
        self._listed = rows
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        options.add_options(Option(text, id=removal) for text, removal in rows)
        options.display = bool(rows)
        if rows:
            options.highlighted = min(at, len(rows) - 1)
        acts = "acts" if snapshot.rules and not snapshot.breakpoints else "pauses"
        acts += " or acts" if snapshot.rules and snapshot.breakpoints else ""
        summary = f"the run {acts} when {'any of these' if len(rows) > 1 else 'this'} holds"
        self.query_one("#how-many", Static).update(
            literal(summary if rows else "none is set: the run does not pause by itself")
        )


def _start(value: str) -> str:
    """Return the words before a condition: those of a rule, if commands follow it."""
    return RULE_START if "do" in value.split() else START


def _breakpoint_rows(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield the breakpoints, each with the command that removes it."""
    for text in snapshot.breakpoints:
        condition = text.removeprefix(START)
        yield condition, f"break off {condition}"


def _rule_rows(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield the rules and how often they were used, each with the command that removes it."""
    for rule in snapshot.rules:
        text = rule.text.removeprefix(RULE_START)
        used = f"   (used {rule.used})" if rule.used else ""
        yield f"{text}{used}", f"when off {text.partition(' do ')[0]}"


class UnitsSearch:
    """Finds a group whose dead units are counted: the run is asked about each in turn.

    Only the run knows which layers a ReLU follows.

    Attributes
    ----------
    group : its name; "" while it is not found
    """

    def __init__(self) -> None:
        self.group = ""
        self._left: list[AddBreakpoint] | None = None

    @property
    def command(self) -> AnyCommand | None:
        """The condition to ask the run about; None if there is nothing to ask."""
        return self._left[0] if self._left else None

    def follow(self, snapshot: Snapshot) -> None:
        """Take the names of the groups, and the run's answer."""
        if self._left is None and snapshot.groups:
            self._left = units_conditions(snapshot)[:_MAX_SEARCHED]
        command, answer = self.command, snapshot.preview
        if not self._left or command is None or answer is None:
            return
        if answer.command == to_text(command):
            condition = self._left.pop(0)
            if not answer.problem:
                self.group, self._left = condition.group, []


class _Conditions(Suggester):
    """Suggests conditions from the newest snapshot."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._snapshot = snapshot

    async def get_suggestion(self, value: str) -> str | None:
        """Return the first completion of the typed text."""
        start = _start(value)
        lines = completions(start + value, self._snapshot()) if value else []
        return lines[0].removeprefix(start) if lines else None
