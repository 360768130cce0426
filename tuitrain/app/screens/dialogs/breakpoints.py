"""The dialog of breakpoints and rules: lists, sets and removes conditions."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.suggester import Suggester

from tuitrain.commands import AnyCommand, find_spec, parse, to_text
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import Snapshot

from ...completion import completions
from ...framework.content import literal
from ...widgets.no_markup import Input, Option, OptionList, Static
from .command_dialog import CommandDialog

START = "break when "
RULE_START = "when "
RULE_EXAMPLE = "loss > x3 do rewind by 200; lr * x0.5; at most 3 times"
_WIDTH = 66


class BreakpointsDialog(CommandDialog):
    """Lists breakpoints and rules; enter sets the typed one, delete removes the selected one.

    A condition alone makes a breakpoint; one with ``do`` and commands a rule.

    Parameters
    ----------
    send : sends a command to the run; the dialog stays open
    """

    verb = "break"
    AUTO_FOCUS = "#condition"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete", "remove", "Remove", priority=True, show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("tab", "complete", "Complete", priority=True, show=False),
    ]

    def __init__(self, snapshot: Snapshot, send: Callable[[AnyCommand], None]) -> None:
        super().__init__("breakpoints")
        self._snapshot = snapshot
        self._send = send
        self._listed: tuple[tuple[str, str], ...] | None = None

    def compose_body(self) -> ComposeResult:
        """Compose the list, the field and examples of conditions."""
        yield Static(id="how-many")
        yield OptionList(id="breakpoints", compact=True)
        yield Static("pause before an update is applied, when", classes="label")
        yield Input(id="condition", compact=True, suggester=_Conditions(lambda: self._snapshot))
        yield Static(conditions(), classes="hint")
        yield Static(literal(f"or   {RULE_EXAMPLE}"), classes="hint")

    def keys(self) -> str:
        """Return the keys, as markup."""
        return (
            "[b]enter[/] set   [b]tab[/] complete   [b]↑ ↓[/] choose   [b]del[/] take away"
            "   [b]esc[/] close"
        )

    def on_mount(self) -> None:
        """List the breakpoints and the rules."""
        self.query_one("#breakpoints").can_focus = False
        self._list(self._snapshot)
        super().on_mount()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """List the breakpoints and the rules of a snapshot."""
        self._snapshot = snapshot
        self._list(snapshot)

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
        summary = f"the run {acts} when {'any of these' if len(rows) > 1 else 'this'} is so"
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


def conditions() -> str:
    """Return examples of all conditions, each within one line."""
    known = find_spec("break")
    assert known is not None
    examples = [
        example.removeprefix(START) for example in known.examples if example.startswith(START)
    ]
    whole = "   ".join(example.replace(" ", "\u00a0") for example in examples)
    return textwrap.fill(f"such as   {whole}", _WIDTH).replace("\u00a0", " ")


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
