"""The ``:`` line of the deck: typing a command and sending it."""

from __future__ import annotations

from ...completion import usage
from ...widgets.inputs.command_line import CommandInput
from .command_sender import CommandSender
from .deck import Controller, Deck


class CommandLineActions(Controller):
    """Opens and closes the command line; the status line shows the usage of the typed command."""

    def __init__(self, deck: Deck, sender: CommandSender) -> None:
        super().__init__(deck)
        self._sender = sender

    def action_command(self) -> None:
        """Open the command line, unless no command would be taken."""
        if not self._sender.refuses(changes_history=True):
            self.open()

    def open(self, text: str = "") -> None:
        """Show the command line with the beginning of a command."""
        self.deck.add_class("-typing")
        self._input.open(text)
        self.deck.status.show_text(usage(text), "muted")

    def show_usage(self, text: str) -> None:
        """Show how the command that is being typed is written."""
        if self.deck.has_class("-typing"):
            self.deck.status.show_text(usage(text), "muted")

    def send(self, line: str) -> None:
        """Send the line; one that cannot be parsed stays, with the reason under it."""
        text = line.strip()
        if not text:
            self._close()
            return
        self._input.remember(text)
        if self._sender.submit_text(text, "command"):
            self._close()

    def leave(self) -> None:
        """Close the command line without sending."""
        self._close()
        self.deck.status.show_text("")

    def _close(self) -> None:
        self.deck.remove_class("-typing")
        self._input.value = ""
        self.deck.table.focus()

    @property
    def _input(self) -> CommandInput:
        return self.deck.query_one(CommandInput)
