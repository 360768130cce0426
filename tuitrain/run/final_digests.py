"""The digests of a run's final state, recorded once, however the run ends."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from tuitrain.commands import AnyCommand, CommandKind, command_kind
from tuitrain.engines.engine import Engine

from .history.timeline import Timeline
from .recorder import Recorder
from .snapshot import EndReason

_RETRAINING: Final[tuple[CommandKind, ...]] = ("history", "sweep")
"""Kinds of commands that take steps: a run may be closed, or fail, in the middle of one."""


class FinalDigests:
    """Records the digests of a run's final state, unless the record ends with them already.

    Parameters
    ----------
    engine, timeline : those of the session
    recorder : receives the digests
    """

    def __init__(self, engine: Engine, timeline: Timeline, recorder: Recorder) -> None:
        self._engine = engine
        self._timeline = timeline
        self._recorder = recorder
        self._applied = 0
        self._recorded_at: tuple[int, str, int] | None = None
        self._before: Mapping[str, str] | None = None
        self._place = (0, "")
        self._is_deciding = False

    @contextmanager
    def applying(self, command: AnyCommand) -> Generator[None, None, None]:
        """Apply a command inside; if that raises an error, the run ends where the command began.

        The state is then between two boundaries, and the command is not in the record.
        """
        self._is_deciding = True
        self._place = self._engine.step, self._timeline.branch.name
        retrains = command_kind(command) in _RETRAINING
        self._before = self._engine.digests() if retrains else None
        yield
        self._is_deciding, self._before = False, None

    def count_applied(self, changed: bool) -> None:
        """Note that a command was applied, and whether it changed anything."""
        self._applied += changed

    def mark_recorded(self) -> None:
        """Note that the digests of the present state were recorded."""
        self._recorded_at = self._state_key()

    def end(self, reason: EndReason) -> None:
        """Record the digests of the final state, unless they are recorded already."""
        if self._before is not None:
            self._recorder.ended(*self._place, reason, self._before)
            self._before = None
        elif not self._is_deciding and self._recorded_at != self._state_key():
            self.record(reason)

    def record(self, reason: EndReason) -> None:
        """Record the digests of the present state as final."""
        self.mark_recorded()
        step, branch = self._engine.step, self._timeline.branch.name
        self._recorder.ended(step, branch, reason, self._engine.digests())

    def _state_key(self) -> tuple[int, str, int]:
        return self._engine.step, self._timeline.branch.name, self._applied
