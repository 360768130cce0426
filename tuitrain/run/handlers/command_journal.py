"""Commands with their entries in the journal: applied within the limits, or refused."""

from __future__ import annotations

from tuitrain.commands import AnyCommand, to_text

from ..alerts.alert import END_ALERTS
from ..authorship import MAX_WHY
from ..context import RunContext
from ..final_digests import FinalDigests
from ..journal_entry import NO_TICKET
from ..snapshot import Actor, JournalEntry, Phase
from .command_handlers import handle_command
from .limit_check import checkpoint_before, limit_problem


class CommandJournal:
    """Applies commands at the present boundary, and writes each to the journal with its outcome.

    Parameters
    ----------
    context : the parts of the run
    final_digests : of the state in which a command leaves the run
    """

    def __init__(self, context: RunContext, final_digests: FinalDigests) -> None:
        self._context = context
        self._final_digests = final_digests

    def apply(self, command: AnyCommand, actor: Actor, ticket: int, why: str) -> JournalEntry:
        """Apply a command, or refuse it; see `Session.apply_command`."""
        if problem := limit_problem(self._context, command, actor):
            return self.refuse(command, actor, ticket, problem, why)
        if checkpoint := checkpoint_before(self._context, command, actor):
            kept = self._apply(checkpoint, actor, NO_TICKET, f"before {to_text(command)}"[:MAX_WHY])
            if kept.outcome == "refused":
                return self.refuse(command, actor, ticket, kept.message, why)
        return self._apply(command, actor, ticket, why)

    def refuse(
        self, command: AnyCommand, actor: Actor, ticket: int, reason: str, why: str
    ) -> JournalEntry:
        """Refuse a command that cannot be applied."""
        text, step = to_text(command), self._context.step
        return self._context.write_entry(ticket, step, text, actor, "refused", reason, why)

    def _apply(self, command: AnyCommand, actor: Actor, ticket: int, why: str) -> JournalEntry:
        """Apply a command that the limits allow."""
        context, digests = self._context, self._final_digests
        step, was_stopped = context.step, context.phase is Phase.STOPPED
        with digests.applying(command):
            outcome, message = handle_command(context, command, actor)
        digests.count_applied(outcome == "applied")
        text = to_text(command)
        entry = context.write_entry(ticket, step, text, actor, outcome, message, why)
        if context.phase is Phase.STOPPED and not was_stopped:
            digests.end("stopped")
            context.alert(*END_ALERTS["stopped"])
        return entry
