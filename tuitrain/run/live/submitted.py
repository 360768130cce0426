"""The submitted commands of a run: applied at its boundaries, kept for later steps, or refused."""

from __future__ import annotations

from collections import deque

from tuitrain.text import format_count

from ..session import Session
from .mailbox import Mail, Submission
from .scheduled import ScheduledSubmissions
from .user_pause import UserPause


class SubmittedCommands:
    """Takes the commands of the mail, and answers each in the journal of the session.

    Parameters
    ----------
    session : the run; its scheduled commands of an earlier process wait here, too

    Attributes
    ----------
    scheduled : the submissions that wait for their steps
    user_pause : whether a submitted command has paused the run
    """

    def __init__(self, session: Session) -> None:
        self.scheduled = ScheduledSubmissions(session.scheduled)
        self.user_pause = UserPause()
        self._session = session
        self._deferred: list[Mail] = []
        self._recorded = self.scheduled.view()
        self._kept_tickets = {command.ticket for command in session.scheduled}

    @property
    def are_waiting(self) -> bool:
        """Whether commands wait, for the next boundary or for a later step."""
        return bool(self._deferred or self.scheduled.view())

    def add(self, mail: Mail) -> None:
        """Keep the commands and cancellations of mail until they are applied."""
        if mail.submissions or mail.cancellations:
            self._deferred.append(mail)

    def apply_all(self) -> bool:
        """Apply the mail that has waited; return whether anything was answered or scheduled."""
        mails, self._deferred = self._deferred or [Mail()], []
        answered = [self._apply(mail) for mail in mails]
        self._record_scheduled()
        return any(answered)

    def apply_settings(self) -> bool:
        """Apply the mail that may be applied while the test set is measured, in its order.

        Returns
        -------
        Whether anything was answered or scheduled
        """
        session, is_changed = self._session, False
        while self._deferred and not self.scheduled.has_due(session.step):
            submissions = self._deferred[0].submissions
            due = [mail.command for mail in submissions if mail.at in (None, session.step)]
            if not all(map(session.accepts_while_measuring, due)):
                break
            is_changed = self._apply(self._deferred.pop(0)) or is_changed
        self._record_scheduled()
        return is_changed

    def refuse_scheduled(self, reason: str) -> None:
        """Refuse the submissions that wait for their steps."""
        for submission in self.scheduled.take_all():
            self._refuse(submission, _too_late(submission, reason))
        self._record_scheduled()

    def take_waiting(self) -> list[Submission]:
        """Remove and return the submissions that wait."""
        waiting = [submission for mail in self._deferred for submission in mail.submissions]
        self._deferred = []
        return [*self.scheduled.take_all(), *waiting]

    def _apply(self, mail: Mail) -> bool:
        """Apply, schedule or refuse submissions; return whether there was anything to do."""
        session = self._session
        cancelled = {entry.ticket: entry.actor for entry in mail.cancellations}
        new = deque(item for item in mail.submissions if item.ticket not in self._kept_tickets)
        for ticket in cancelled:
            if submission := self.scheduled.take(ticket):
                new.append(submission)  # to be refused below
        is_changed = bool(new or mail.submissions)
        while submission := self.scheduled.take_due(session.step) or _pop_first(new):
            is_changed = True
            if session.journal.answer_again(submission.ticket):
                continue  # it was sent to the process that this one continues
            if submission.at is not None and submission.ticket in cancelled:
                self._refuse(submission, f"cancelled by {cancelled[submission.ticket]}")
            elif submission.at in (None, session.step):
                entry = session.apply_command(
                    submission.command, submission.actor, submission.ticket, submission.why
                )
                if entry.outcome != "refused":
                    self.user_pause.note(submission.command, session)
            elif problem := self._schedule(submission):
                self._refuse(submission, problem)
        for submission in self.scheduled.take_missed(session.step):
            is_changed = True
            step = format_count(session.step)
            self._refuse(submission, _too_late(submission, f"the run is at step {step}"))
        if session.phase.ended:
            self.refuse_scheduled(f"the run has ended at step {format_count(session.step)}")
        return is_changed

    def _schedule(self, submission: Submission) -> str:
        """Have a submission wait for its step; return why it cannot, or ""."""
        total = self._session.info.total_steps
        if submission.at is not None and submission.at > total:
            return _too_late(submission, f"the run ends at step {format_count(total)}")
        return self.scheduled.add(submission)

    def _refuse(self, submission: Submission, reason: str) -> None:
        self._session.refuse_command(
            submission.command, submission.actor, submission.ticket, reason, submission.why
        )

    def _record_scheduled(self) -> None:
        """Record the commands that wait, if they have changed; after those that were applied."""
        waiting = self.scheduled.view()
        if waiting is not self._recorded:
            self._recorded = waiting
            self._session.recorder.scheduled(waiting)


def _pop_first(submissions: deque[Submission]) -> Submission | None:
    return submissions.popleft() if submissions else None


def _too_late(submission: Submission, reason: str) -> str:
    return f"step {format_count(submission.at or 0)} cannot be reached: {reason}"
