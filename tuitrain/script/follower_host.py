"""The host of a script in a rank from 1 on, whose session is in rank 0."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tuitrain.run.session import Session
from tuitrain.run.snapshot import JournalEntry
from tuitrain.scenario.events import Finding

from .headless_host import HeadlessHost
from .host import EndLoop, Loop
from .host_choice import make_host


class FollowerHost:
    """Drives nothing: there is no session, no record and no screen in this process."""

    out: Path | None = None
    reports_record = False
    error: BaseException | None = None
    refusals: Sequence[JournalEntry] = ()

    def __init__(self) -> None:
        self.unmet: Sequence[Finding] = ()
        self.end_loop: EndLoop | None = None

    def watch(self, end_loop: EndLoop) -> None:
        """Note how the run is ended, also for `tuitrain run`, if that has started the script."""
        self.end_loop = end_loop
        started_by = make_host()
        if isinstance(started_by, HeadlessHost):
            started_by.follow(end_loop)

    def start(self, session: Session, loop: Loop, folder: Path) -> None:
        """Raise: a rank from 1 on makes no session."""
        raise AssertionError(f"a session of a rank that follows: {session}, {loop}, {folder}")

    def join(self) -> None:
        """Return at once."""
