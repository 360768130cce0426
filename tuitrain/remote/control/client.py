"""A program's connection to a run, for one command or one question."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final

from tuitrain.commands import parse, to_text
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import Phase, Snapshot

from ..client.endpoint import Endpoint
from ..client.remote_source import RemoteSource
from ..errors import ConnectionProblem, FarewellProblem, NoAnswerError
from ..wire.messages import Welcome
from .conditions import parse_condition
from .replies import CommandReply, PreviewReply, WaitReply

CONNECT_SECONDS: Final = 20.0
"""Seconds in which a run must send its first snapshot; over ssh some pass before."""

FRESH_SECONDS: Final = 0.5
"""Seconds that a question waits for a snapshot that was built after it."""


class ControlClient:
    """Commands and questions of a program; use it in a ``with`` block.

    Parameters
    ----------
    endpoint : where the run is
    name : of the program, for the journal

    Raises
    ------
    NoSuchRunError : the run is not live
    ConnectionProblem : it cannot be reached
    """

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self._source = RemoteSource(endpoint, name, role="control", returns=False)

    def __enter__(self) -> ControlClient:
        source = self._source.start()
        source.wait_for(lambda _: source.received > 0, CONNECT_SECONDS)
        if not source.received:
            source.close()
            raise source.error or ConnectionProblem(
                f"the run has sent nothing in {CONNECT_SECONDS:.0f} s"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.close()

    @property
    def welcome(self) -> Welcome:
        """The greeting of the run."""
        welcome = self._source.welcome
        assert welcome is not None
        return welcome

    @property
    def error(self) -> TuitrainError | None:
        """Why the connection was lost, or None."""
        return self._source.error

    def snapshot(self) -> Snapshot:
        """Return a snapshot that was built after the connection."""
        source = self._source
        return source.wait_for(
            lambda shown: source.received > 1 or shown.phase is not Phase.RUNNING, FRESH_SECONDS
        )

    def send(
        self,
        text: str,
        actor: str,
        why: str,
        at: int | None,
        timeout: float | None,
        ticket: int | None = None,
    ) -> CommandReply:
        """Send a command, and wait for its answer.

        Parameters
        ----------
        ticket : of a command that may have been sent before, and is then not applied again; None
            for a new one

        Raises
        ------
        CommandError : it is not a command
        TuitrainError : another command was sent with the ticket
        NoAnswerError : there is no answer in ``timeout`` seconds
        """
        command = parse(text)
        written = to_text(command)
        if ticket is not None:
            self._check_ticket(ticket, written)
        ticket = self._source.submit(command, actor, why, at, ticket)
        snapshot = self._source.wait_for(lambda shown: _has(shown, ticket), timeout)
        if answer := _answer(snapshot, ticket):
            return answer
        if at is not None and _has(snapshot, ticket):
            return CommandReply(written, "scheduled", at, f"waits for step {at}", ticket)
        raise self._source.error or NoAnswerError(
            f"{written!r} was not answered in {timeout or 0:g} s; it may still be applied"
        )

    def _check_ticket(self, ticket: int, written: str) -> None:
        """Raise `TuitrainError` if another command has this ticket already."""
        shown = self._source.snapshot()
        for entry in (*shown.journal, *shown.scheduled):
            if entry.ticket == ticket and entry.command != written:
                raise TuitrainError(
                    f"this id was given to {entry.command!r} already; {written!r} needs another one"
                )

    def cancel(self, ticket: int, actor: str, timeout: float | None) -> CommandReply:
        """Cancel a command that waits for its step, and return the answer to that command.

        If the command no longer waits, the answer is its entry in the journal.

        Raises
        ------
        TuitrainError : no command has that id, or there is no answer in ``timeout`` seconds
        """
        shown = self.snapshot()
        scheduled = shown.scheduled
        waiting = next((item for item in scheduled if item.ticket == ticket), None)
        if waiting is None and (answer := _answer(shown, ticket)):
            return answer
        if waiting is None:
            known = ", ".join(str(item.ticket) for item in scheduled)
            waits = f"those that wait have {known}" if known else "none waits"
            raise TuitrainError(f"no command with the id {ticket} waits for its step; {waits}")
        self._source.cancel(ticket, actor)
        snapshot = self._source.wait_for(lambda shown: bool(_answer(shown, ticket)), timeout)
        if answer := _answer(snapshot, ticket):
            return answer
        raise self._source.error or TuitrainError(f"{waiting.command!r} was not cancelled in time")

    def preview(self, text: str, timeout: float | None) -> PreviewReply:
        """Return the effect of a command on the next update, without applying it.

        Raises
        ------
        CommandError : it is not a command
        TuitrainError : there is no answer in ``timeout`` seconds
        """
        command = parse(text)
        written = to_text(command)
        self._source.preview(command)
        snapshot = self._source.wait_for(
            lambda shown: shown.preview is not None and shown.preview.command == written, timeout
        )
        preview = snapshot.preview
        if preview is None or preview.command != written:
            raise self._source.error or TuitrainError(f"{written!r} was not previewed in time")
        groups = [
            {"name": name, "update_ratio": now, "update_ratio_after": after}
            for name, now, after in preview.ratios
        ]
        return PreviewReply(written, preview.problem, groups, preview.effect)

    def wait(self, until: str, timeout: float | None) -> WaitReply:
        """Wait until a condition holds, the run has ended, or ``timeout`` seconds have passed.

        Raises
        ------
        TuitrainError : it is not a condition, or of a metric that the run does not measure
        ConnectionProblem, ProtocolError : the connection was lost before the run had ended
        """
        condition = parse_condition(until)
        source = self._source
        condition.check(source.snapshot())
        start = time.monotonic()
        snapshot = source.wait_for(
            lambda shown: condition.holds(shown) or shown.phase.ended, timeout
        )
        met = condition.holds(snapshot)
        lost = source.error
        if lost and not (met or snapshot.phase.ended or isinstance(lost, FarewellProblem)):
            raise lost
        waited = time.monotonic() - start
        message = snapshot.note if met else self._why_not(snapshot, waited)
        phase, loss = snapshot.phase.value, snapshot.loss.last
        return WaitReply(until, met, phase, snapshot.step, loss, message)

    def _why_not(self, snapshot: Snapshot, waited: float) -> str:
        if snapshot.phase.ended:
            return "the run has ended"
        if self._source.error is not None:
            return str(self._source.error)
        return f"after {waited:.1f} s"


def _has(snapshot: Snapshot, ticket: int) -> bool:
    """Whether the command with an id is answered, or waits for its step."""
    return any(entry.ticket == ticket for entry in (*snapshot.scheduled, *snapshot.journal))


def _answer(snapshot: Snapshot, ticket: int) -> CommandReply | None:
    """Return the answer in the journal to the command with an id; None if there is none."""
    for entry in reversed(snapshot.journal):
        if ticket and entry.ticket == ticket:  # commands of a plan have 0
            return CommandReply(entry.command, entry.outcome, entry.step, entry.message, ticket)
    return None
