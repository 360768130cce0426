"""The base of the dialogs: whatever is entered is shown as the ``:`` line that it will send."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.app.framework.content import key_hints
from tuitrain.app.widgets.no_markup import Input, OptionList, RadioSet, Static, Vertical
from tuitrain.commands import AnyCommand, parse, to_text
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import Snapshot

from ...framework.screens import BaseDialog
from ..help import HelpScreen


class CommandDialog(BaseDialog[AnyCommand | None]):
    """Asks for the parts of one command; answers the command, or None.

    The target is a name, bound when the dialog opens: the table may change underneath.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", priority=True, show=False),
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("f1,question_mark", "help", "Help", show=False),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    verb: ClassVar[str] = ""
    """The verb of the command that is made here, for the help."""

    also: tuple[str, ...] = ()
    """The groups that the command will be sent for as well."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        """Compose the box, with the line and the keys at its bottom."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            if self.also:
                box.border_subtitle = f"also for {', '.join(self.also)}"
            yield from self.body()
            yield from self.ahead()
            yield Static(id="line")
            yield Static(key_hints(self.keys()), classes="hint")

    def body(self) -> ComposeResult:
        """Compose the fields; a dialog's own part."""
        raise NotImplementedError

    def ahead(self) -> ComposeResult:
        """Compose what looks ahead, between the fields and the line; nothing by default."""
        yield from ()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Take in what the run shows now; called several times a second while this is open."""

    def keys(self) -> str:
        """Name the keys, as markup."""
        return "[b]enter[/] send   [b]esc[/] cancel" + self.more_keys()

    def more_keys(self) -> str:
        """Name the keys that this dialog has besides enter and escape, as markup."""
        return ""

    def line(self) -> str:
        """Return the command's text, as entered so far; a dialog's own part."""
        raise NotImplementedError

    def missing(self) -> str:
        """Say what is still to be entered: no mistake yet; "" if nothing is."""
        return ""

    def problem(self) -> str:
        """Say what is wrong, beyond what `parse` sees; "" if nothing is."""
        return ""

    def command(self) -> AnyCommand:
        """Return the command.

        Raises
        ------
        CommandError : what is still wrong with the entries
        """
        command = parse(self.line())
        if problem := self.problem():
            raise CommandError(problem)
        return command

    def on_mount(self) -> None:
        """Show the line of what is filled in already."""
        for field in self.query(Input):
            field.cursor_blink = False
        self.preview()

    @on(Input.Changed)
    @on(RadioSet.Changed)
    @on(OptionList.OptionHighlighted)
    def _follow(self) -> None:
        self.preview()

    def preview(self) -> None:
        """Show the line, or what is wrong with it."""
        shown = self.query_one("#line", Static)
        try:
            text = f":{to_text(self.command())}"
        except CommandError as error:
            missing = self.missing()
            shown.update(missing or f"✗ {error}")
            shown.set_class(not missing, "wrong")
        else:
            shown.update(text)
            shown.set_class(False, "wrong")

    def action_send(self) -> None:
        """Answer the command, if it is one."""
        try:
            command = self.command()
        except CommandError:
            self.preview()
            return
        self.dismiss(command)

    def action_help(self) -> None:
        """Say what the command does."""
        self.app.push_screen(HelpScreen(self.verb))

    def action_cancel(self) -> None:
        """Answer nothing."""
        self.dismiss(None)
