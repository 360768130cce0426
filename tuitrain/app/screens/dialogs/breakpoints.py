"""The dialog of breakpoints: lists, sets and removes conditions."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
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
_WIDTH = 66


class BreakpointsDialog(CommandDialog):
    """Lists the breakpoints; enter sets the typed one, delete removes the selected one.

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
        self._listed: tuple[str, ...] | None = None

    def compose_body(self) -> ComposeResult:
        """Compose the list, the field and examples of conditions."""
        yield Static(id="how-many")
        yield OptionList(id="breakpoints", compact=True)
        yield Static("pause before an update is applied, when", classes="label")
        yield Input(id="condition", compact=True, suggester=_Conditions(lambda: self._snapshot))
        yield Static(conditions(), classes="hint")

    def keys(self) -> str:
        """Return the keys, as markup."""
        return (
            "[b]enter[/] set   [b]tab[/] complete   [b]↑ ↓[/] choose   [b]del[/] take away"
            "   [b]esc[/] close"
        )

    def on_mount(self) -> None:
        """List the breakpoints."""
        self.query_one("#breakpoints").can_focus = False
        self._list(self._snapshot.breakpoints)
        super().on_mount()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """List the breakpoints of a snapshot."""
        self._snapshot = snapshot
        self._list(snapshot.breakpoints)

    def command_text(self) -> str:
        """Return ``break when CONDITION``."""
        return START + self.query_one("#condition", Input).value.strip()

    def show_command(self) -> None:
        """Show the command; an incomplete one is not called a mistake yet."""
        line = self.query_one("#line", Static)
        try:
            line.update(f":{to_text(self.command())}")
        except CommandError:
            line.update("")
        line.set_class(False, "wrong")

    def action_send(self) -> None:
        """Set the typed breakpoint, and stay open."""
        try:
            command = self.command()
        except CommandError:
            super().show_command()
            return
        self._send(command)
        self.query_one("#condition", Input).value = ""

    def action_remove(self) -> None:
        """Remove the selected breakpoint."""
        selected = self.query_one(OptionList).highlighted_option
        if selected is not None and selected.id is not None:
            self._send(parse(f"break off {selected.id}"))

    def action_move(self, delta: int) -> None:
        """Select another breakpoint."""
        options = self.query_one(OptionList)
        if options.option_count:
            at = (options.highlighted or 0) + delta
            options.highlighted = max(0, min(at, options.option_count - 1))

    def action_complete(self) -> None:
        """Accept the suggestion."""
        field = self.query_one("#condition", Input)
        if lines := completions(START + field.value, self._snapshot):
            field.value = lines[0].removeprefix(START) + " "
            field.cursor_position = len(field.value)

    def _list(self, breakpoints: tuple[str, ...]) -> None:
        if breakpoints == self._listed:
            return
        self._listed = breakpoints
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        texts = [line.removeprefix(START) for line in breakpoints]
        options.add_options(Option(text, id=text) for text in texts)
        options.display = bool(texts)
        if texts:
            options.highlighted = min(at, len(texts) - 1)
        summary = f"the run pauses when {'any of these' if len(texts) > 1 else 'this'} is so"
        self.query_one("#how-many", Static).update(
            literal(summary if texts else "none is set: the run does not pause by itself")
        )


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
        lines = completions(START + value, self._snapshot()) if value else []
        return lines[0].removeprefix(START) if lines else None
