"""The screen in the process of a run: a viewer like any other, which needs the pen to steer."""

from __future__ import annotations

from dataclasses import replace

from tuitrain.commands import AnyCommand
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.errors import RefusedError
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.snapshot import Actor, Attachment, Snapshot

from ..wire.messages import PenAction
from .pen import Pen, PenView

_NUMBER = 0
"""The viewer's number; those that connect are counted from 1."""


class LocalScreen:
    """A live run as the app's `Source`, beside viewers of other processes.

    Parameters
    ----------
    run : the run
    pen : knows who steers
    name : of this screen, for other viewers
    read_only : whether it never steers
    ends_run : whether closing the screen ends the run, and waits for its end
    """

    def __init__(
        self,
        run: LiveRun,
        pen: Pen,
        name: str,
        read_only: bool = False,
        ends_run: bool = True,
    ) -> None:
        self._run = run
        self._ends_run = ends_run
        self._is_closed = False
        self._pen = pen
        self._version = 0
        self._shown: tuple[int, PenView] | None = None
        self._snapshot: Snapshot | None = None
        pen.join(_NUMBER, name, not read_only, wants=True)

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot, with an `Attachment` if there are other viewers."""
        newest, view = self._run.snapshot(), self._pen.view(_NUMBER)
        shown = newest.version, view
        if shown != self._shown or self._snapshot is None:
            self._shown = shown
            self._version += 1
            attachment = _attachment(view) if view.viewers > 1 else None
            self._snapshot = replace(newest, version=self._version, attachment=attachment)
        return self._snapshot

    def join(self, timeout: float | None = None) -> Snapshot:
        """Wait until the run has ended, at most ``timeout`` seconds; return the newest snapshot."""
        self._run.join(timeout)
        return self.snapshot()

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Submit a command, and return its ticket.

        Raises
        ------
        RefusedError : another viewer has the pen
        """
        self._check()
        return self._run.submit(command, actor)

    def cancel(self, ticket: int, actor: Actor) -> None:
        """Refuse a command that waits for its step.

        Raises
        ------
        RefusedError : another viewer has the pen
        """
        self._check()
        self._run.cancel(ticket, actor)

    def select_parameter(self, parameter: str | None) -> None:
        """Request this parameter's statistics; None for no parameter."""
        self._run.select_parameter(parameter)

    def inspect(self, request: InspectionRequest | None) -> None:
        """Request an inspection; None ends it."""
        self._run.inspect(request)

    def preview(self, command: AnyCommand | None) -> None:
        """Request a preview of the next update after a command; None ends it."""
        self._run.preview(command)

    def use_pen(self, action: PenAction) -> None:
        """Ask for the pen, release it, or keep it although another viewer asks."""
        match action:
            case "take":
                self._pen.take(_NUMBER)
            case "release":
                self._pen.release(_NUMBER)
            case "keep":
                self._pen.keep(_NUMBER)

    def on_resume(self) -> None:
        """Exclude the time for which the process was suspended from the throughput."""
        self._run.on_resume()

    def close(self) -> None:
        """Give the pen away, and end the training if that is this screen's task.

        Closing again does nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self._pen.leave(_NUMBER)
        if self._ends_run:
            self._run.close()

    def _check(self) -> None:
        """Raise `RefusedError` unless this screen has the pen."""
        if not self._pen.holds(_NUMBER):
            holder = self._pen.view(_NUMBER).holder
            raise RefusedError(f"{holder or 'no viewer'} has the pen; take it first")


def _attachment(view: PenView) -> Attachment:
    return Attachment(
        viewers=view.viewers,
        pen=view.holder,
        holds_pen=view.is_yours,
        asked_by=view.asked_by,
        seconds_left=view.seconds_left,
        is_asking=view.is_asking,
    )
