"""Sending commands to the run: when one is refused at once, and how replies are matched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from msgspec import structs

from tuitrain.commands import AnyCommand, CommandKind, command_kind, parse, to_text
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import Actor, JournalEntry, Phase, ScheduledCommand, Snapshot

from ...keys.keymap import key_label
from ...renderables.formatting import format_count
from ..dialogs.command_dialog import CommandDialog
from ..dialogs.confirm import ConfirmDialog
from .deck import Deck
from .pending_replies import PendingReplies

TAKEN_AFTER_END: Final[tuple[CommandKind, ...]] = ("history", "checkpoint", "breakpoint", "rule")
"""The kinds of commands that a run which has ended still takes."""


class CommandSender:
    """Sends commands and finds their replies. It decides nothing about training."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._replies = PendingReplies()

    @property
    def waits_for_reply(self) -> bool:
        """Whether a command was sent whose reply is still to come."""
        return self._replies.is_waiting

    def take_reply(self, snapshot: Snapshot) -> JournalEntry | None:
        """Return the newest reply since the last call; None if there is none."""
        return self._replies.take_reply(snapshot)

    def submit(self, command: AnyCommand, actor: Actor) -> None:
        """Send a command; the reply comes with a later snapshot.

        A command that changes the present step removes the charts' cursor.
        """
        self._submit(command, actor)
        deck = self._deck
        if command_kind(command) in TAKEN_AFTER_END and not deck.read_only:
            reply = deck.status.message  # without a cursor the status line is cleared
            deck.chart_view = replace(deck.chart_view, cursor=None)
            deck.status.show_row(reply)

    def cancel(self, waiting: ScheduledCommand) -> None:
        """Cancel a command that waits for its step; its refusal comes with a later snapshot."""
        status, text = self._deck.status, f"cancel {waiting.command}"
        try:
            self._deck.source.cancel(waiting.ticket, "key")
        except TuitrainError as error:
            status.show_row((("✗ ", "bad"), (text, "strong"), (f"  {error}", "bad")))
            return
        self._replies.add(waiting.ticket)
        status.show_row(((f"… {text}", "strong"), ("  waits for the step boundary", "muted")))

    def submit_text(self, text: str, actor: Actor) -> bool:
        """Send a command given as text; return False, and show why, if it cannot be parsed."""
        try:
            command = parse(text)
        except TuitrainError as error:
            self._deck.status.show_text(f"✗ {error}", "bad")
            return False
        self.submit(command, actor)
        return True

    def refuses(self, changes_history: bool = False) -> bool:
        """Return whether a command is refused now, and show why: read-only, or the run has ended.

        Commands that only change the history are refused after a failure, not after another end.
        """
        status, snapshot = self._deck.status, self._deck.snapshot
        if self._deck.read_only:
            status.show_text(self._deck.read_only_notice, "warning")
            return True
        if snapshot is None or not snapshot.phase.ended:
            return False
        failed = snapshot.phase.is_broken
        if changes_history and not failed:
            return False
        rewind, undo, leave = (self._key(name) for name in ("rewind", "undo", "quit"))
        ways = f"{leave} leaves"
        if not failed and not snapshot.no_way_back:
            ways = f"{rewind} rewinds, {undo} undoes, {ways}"
        if snapshot.phase is Phase.LOST:
            status.show_text(f"this screen has lost the run: {ways}", "warning")
            return True
        ending = f"{snapshot.phase.value} at step {format_count(snapshot.step)}"
        status.show_text(f"the run has ended ({ending}): {ways}", "warning")
        return True

    def snapshot_with_history(
        self, verb: str = "go back to", looks: bool = False
    ) -> Snapshot | None:
        """Return the snapshot of a run that has a history; else show why not and return None.

        Parameters
        ----------
        verb : the act that is impossible while the run is starting
        looks : whether the caller only shows something, also read-only and after a failure
        """
        snapshot = self._deck.snapshot
        is_starting = snapshot is None or snapshot.phase is Phase.STARTING
        if looks and not is_starting:
            return snapshot
        if not self._deck.read_only and is_starting:
            self._deck.status.show_too_early(f"nothing to {verb}")
            return None
        return None if self.refuses(changes_history=True) else snapshot

    def lacks(self, reason: str) -> bool:
        """Return whether the run lacks what a key needs, and show the reason; "" for none."""
        if reason:
            self._deck.status.show_text(reason, "warning")
        return bool(reason)

    def ask(self, dialog: CommandDialog) -> None:
        """Open a dialog, and send the command that it returns."""

        def send(command: AnyCommand | None) -> None:
            if command is not None:
                self.submit(command, "key")

        self._deck.app.push_screen(dialog, send)

    def ask_for_groups(self, dialog: CommandDialog, other_groups: tuple[str, ...]) -> None:
        """Open a dialog about one group, and send the command that it returns for all of them."""
        dialog.other_targets = other_groups

        def send(command: AnyCommand | None) -> None:
            if command is None:
                return
            self.submit(command, "key")
            for name in other_groups:
                self.submit(structs.replace(command, target=name), "key")

        self._deck.app.push_screen(dialog, send)

    def confirm(self, verb: str, warning: str, then: Callable[[], None]) -> None:
        """Ask before an action that ends the run; ``verb`` begins the question."""
        snapshot = self._deck.snapshot
        assert snapshot is not None
        question = f"{verb} the run {snapshot.info.name}?"  # it continues: a step would be stale

        def act(confirmed: bool | None) -> None:
            if confirmed:
                then()

        self._deck.app.push_screen(ConfirmDialog(verb, question, warning), act)

    def _submit(self, command: AnyCommand, actor: Actor) -> None:
        if self.refuses(changes_history=command_kind(command) in TAKEN_AFTER_END):
            return
        self._deck.held = False  # the user wants to see the effect
        status, text = self._deck.status, to_text(command)
        try:
            ticket = self._deck.source.submit(command, actor)
        except TuitrainError as error:
            status.show_row((("✗ ", "bad"), (text, "strong"), (f"  {error}", "bad")))
            return
        self._replies.add(ticket)
        status.show_row(((f"… {text}", "strong"), ("  waits for the step boundary", "muted")))

    def _key(self, name: str) -> str:
        return key_label(self._deck.app, name)
