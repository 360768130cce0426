"""What viewers of a live run request: a parameter, an inspection, a preview of the next update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tuitrain.commands import AnyCommand, to_text

from ..session import Session
from ..snapshot import ParameterView, Snapshot, UpdatePreview
from .inspector import Inspector
from .mailbox import ViewRequests

PARAMETER_SECONDS = 0.2
"""Seconds between two descriptions of the selected parameter during training: a histogram of 50 000
values takes 2 ms, and the screen draws it 4 times a second."""


class LiveInspection:
    """Answers the requests of viewers, on the run's thread.

    Parameters
    ----------
    clock : seconds that only grow
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._inspector = Inspector(clock)
        self._parameter: ParameterView | None = None
        self._parameter_at = -1.0
        self._preview: UpdatePreview | None = None

    def update_preview(self, session: Session, command: AnyCommand | None) -> bool:
        """Compute the preview of a command once, or drop it; return whether it changed."""
        before = self._preview
        if command is None:
            self._preview = None
        elif before is None or before.command != to_text(command):
            self._preview = session.preview(command)
        return self._preview is not before

    def build_snapshot(
        self, session: Session, requests: ViewRequests, speed: float, time: float, fresh: bool
    ) -> Snapshot:
        """Build a session's snapshot with all requested views.

        Parameters
        ----------
        speed : samples a second
        time : the present time
        fresh : whether to describe the parameter now, even if it was described a moment ago
        """
        inspection = self._inspector.inspect(session, requests.inspection)
        name, known = requests.parameter, self._parameter
        is_known = known is not None and known.name == name
        if is_known and not fresh and time - self._parameter_at < PARAMETER_SECONDS:
            snapshot = session.snapshot(0, None, speed)
        else:
            self._parameter_at = time
            snapshot = session.snapshot(0, name, speed)
            self._parameter = known = snapshot.parameter
        return replace(snapshot, parameter=known, inspection=inspection, preview=self._preview)
