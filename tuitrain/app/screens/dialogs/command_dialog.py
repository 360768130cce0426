"""The base of the dialogs that make a command, which they show as a ``:`` line."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.commands import AnyCommand, parse, to_text
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import Snapshot

from ...framework.content import key_hints
from ...framework.screens import BaseDialog
from ...widgets.no_markup import Input, OptionList, RadioSet, Static, Vertical
from ..help import HelpScreen


class CommandDialog(BaseDialog[AnyCommand | None]):
    """Asks for the parts of one command; returns the command, or None.

    The target is the name that was selected when the dialog opened: the table may change meanwhile.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", priority=True, show=False),
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("f1,question_mark", "help", "Help", show=False),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    verb: ClassVar[str] = ""
    """The name of the command, for the help."""

    other_targets: tuple[str, ...] = ()
    """Other groups that the command is also sent for."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        """Compose the box, with the command and the keys at its bottom."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            if self.other_targets:
                box.border_subtitle = f"also for {', '.join(self.other_targets)}"
            yield from self.compose_body()
            yield from self.compose_preview()
            yield Static(id="line")
            yield Static(key_hints(self.keys()), classes="hint")

    def compose_body(self) -> ComposeResult:
        """Compose the fields."""
        raise NotImplementedError

    def compose_preview(self) -> ComposeResult:
        """Compose a preview between the fields and the command; nothing by default."""
        yield from ()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show a snapshot; called several times a second while the dialog is open."""

    def keys(self) -> str:
        """Return the keys, as markup."""
        return "[b]enter[/] send   [b]esc[/] cancel" + self.extra_keys()

    def extra_keys(self) -> str:
        """Return the keys besides enter and escape, as markup."""
        return ""

    def command_text(self) -> str:
        """Return the command's text, as entered so far."""
        raise NotImplementedError

    def missing_entry(self) -> str:
        """Return a request for an entry that is still empty; "" if there is none."""
        return ""

    def problem(self) -> str:
        """Return a mistake that `parse` does not find; "" if there is none."""
        return ""

    def command(self) -> AnyCommand:
        """Return the command.

        Raises
        ------
        CommandError : the entries make no valid command
        """
        command = parse(self.command_text())
        if problem := self.problem():
            raise CommandError(problem)
        return command

    def on_mount(self) -> None:
        """Show the command of the first entries; during a tour, above the tour's text."""
        touring = any(screen.has_class("-touring") for screen in self.app.screen_stack)
        self.set_class(touring, "-touring")
        for field in self.query(Input):
            field.cursor_blink = False
        self.show_command()

    @on(Input.Changed)
    @on(RadioSet.Changed)
    @on(OptionList.OptionHighlighted)
    def _follow(self) -> None:
        self.show_command()

    def show_command(self) -> None:
        """Show the command, or its mistake."""
        line = self.query_one("#line", Static)
        try:
            text = f":{to_text(self.command())}"
        except CommandError as error:
            missing = self.missing_entry()
            line.update(missing or f"✗ {error}")
            line.set_class(not missing, "wrong")
        else:
            line.update(text)
            line.set_class(False, "wrong")

    def action_send(self) -> None:
        """Return the command, if it is valid."""
        try:
            command = self.command()
        except CommandError:
            self.show_command()
            return
        self.dismiss(command)

    def action_help(self) -> None:
        """Open the help of the command."""
        self.app.push_screen(HelpScreen(self.verb))

    def action_cancel(self) -> None:
        """Close the dialog without a command."""
        self.dismiss(None)
