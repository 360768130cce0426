"""The access to a run from other threads: its viewers, its mailbox, its newest snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable

from tuitrain.commands import AnyCommand

from ..logs.log_capture import LogCapture
from ..snapshot import Actor, RunInfo, Snapshot
from .mailbox import Mailbox
from .publisher import Publisher
from .viewer import Viewer


class LiveAccess:
    """Connects a run with the threads that watch and steer it; any thread may call its methods.

    A `LiveRun` has one. A headless run can be given one, which costs nothing while no viewer is
    open.

    Parameters
    ----------
    info : what is known of the run before its session is built
    clock : seconds that only grow
    log : the captured output of the training code, or None

    Attributes
    ----------
    mailbox, publisher : what the run's side reads and writes
    """

    def __init__(
        self,
        info: RunInfo,
        clock: Callable[[], float] = time.perf_counter,
        log: LogCapture | None = None,
    ) -> None:
        self.mailbox = Mailbox(clock)
        self.publisher = Publisher(info, clock, log)

    @property
    def viewers(self) -> int:
        """The number of open viewers."""
        return self.mailbox.viewers

    def open_viewer(self, attends: bool = True) -> Viewer:
        """Open a viewer; the run publishes a snapshot at its next boundary.

        Parameters
        ----------
        attends : whether the viewer can answer a breakpoint or a pause of a headless run, which
            waits for it
        """
        return Viewer(self.mailbox, self.publisher, attends)

    def submit(self, command: AnyCommand, actor: Actor = "api") -> int:
        """Submit a command, and return its ticket; the journal has the answer under it."""
        return self.mailbox.submit(command, actor)

    def newest(self) -> Snapshot:
        """Return the newest snapshot without requesting another: it may be old without viewers."""
        return self.publisher.newest
