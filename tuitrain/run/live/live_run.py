"""The live run: a session that trains on its own thread, steered and watched from any thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from tuitrain.commands import AnyCommand
from tuitrain.engines.inspection import InspectionRequest
from tuitrain.errors import TuitrainError

from ..logs.log_capture import LogCapture
from ..progress import ProgressCallback
from ..session import Session
from ..snapshot import Actor, JournalEntry, RunInfo, Snapshot
from .access import LiveAccess
from .training_thread import TrainingThread
from .viewer import Viewer


class LiveRun:
    """A run that trains in the background; any thread may call its methods.

    Commands and requests reach the run's thread through a mailbox, which is read at step
    boundaries. Snapshots come back through a publisher. The run is its own first viewer.

    Parameters
    ----------
    build : makes the session; called on the run's thread, because it loads data and compiles
        kernels
    info : the facts of the run that are known before its session is built
    clock : returns a monotonic time in seconds
    log : the captured output of the training code, or None

    Attributes
    ----------
    access : for other viewers
    """

    def __init__(
        self,
        build: Callable[[ProgressCallback], Session],
        info: RunInfo,
        clock: Callable[[], float] = time.perf_counter,
        log: LogCapture | None = None,
    ) -> None:
        self.access = LiveAccess(info, clock, log)
        self._viewer = self.access.open_viewer()
        self._thread = TrainingThread(build, self.access, clock, log)

    @property
    def error(self) -> TuitrainError | None:
        """Why the run has failed, or None; a `RunFailedError` if it had started."""
        return self._thread.error

    @property
    def alive(self) -> bool:
        """Whether the run's thread runs."""
        return self._thread.is_alive

    def start(self) -> LiveRun:
        """Start the thread, and return the run itself."""
        self._thread.start()
        return self

    def open_viewer(
        self, attends: bool = True, on_publish: Callable[[], None] | None = None
    ) -> Viewer:
        """Open another viewer; see `LiveAccess.open_viewer`."""
        return self.access.open_viewer(attends, on_publish)

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot, at once; during training a newer one follows."""
        return self._viewer.snapshot()

    def submit(
        self,
        command: AnyCommand,
        actor: Actor = "api",
        ticket: int | None = None,
        why: str = "",
        at: int | None = None,
    ) -> int:
        """Submit a command, and return its ticket; see `LiveAccess.submit`."""
        return self._viewer.submit(command, actor, ticket, why, at)

    def cancel(self, ticket: int, actor: Actor = "api") -> None:
        """Refuse a command that waits for its step; see `LiveAccess.cancel`."""
        self._viewer.cancel(ticket, actor)

    def select_parameter(self, parameter: str | None) -> None:
        """Have the next snapshots describe this parameter; see `Viewer.select_parameter`."""
        self._viewer.select_parameter(parameter)

    def inspect(self, request: InspectionRequest | None) -> None:
        """Have the next snapshots contain an inspection; see `Viewer.inspect`."""
        self._viewer.inspect(request)

    def preview(self, command: AnyCommand | None) -> None:
        """Have the next snapshots contain a preview; see `Viewer.preview`."""
        self._viewer.preview(command)

    def on_resume(self) -> None:
        """Exclude suspended time from the throughput; call this when the process continues."""
        self._thread.exclude_suspension()

    def keep_scheduled(self) -> None:
        """Have `close` keep the commands that wait for their steps in the record.

        The process that resumes the run applies them. Without this they are refused.
        """
        self._thread.keeps_scheduled = True

    def close(self, timeout: float | None = None) -> bool:
        """End the training at the next step boundary, and wait until the thread has ended.

        Parameters
        ----------
        timeout : maximum seconds to wait; call it again to wait longer

        Returns
        -------
        Whether the thread has ended
        """
        self.access.mailbox.close()
        return self._thread.join(timeout)

    def wait_for(
        self, condition: Callable[[Snapshot], bool], timeout: float | None = None
    ) -> Snapshot:
        """Wait for a snapshot that meets a condition, at most ``timeout`` seconds.

        Returns
        -------
        The newest snapshot, even if it does not meet the condition
        """
        return self._viewer.wait_for(condition, timeout)

    def join(self, timeout: float | None = None) -> Snapshot:
        """Wait until the run has ended, and return its newest snapshot."""
        has_ended = self.access.publisher.wait_for_end(timeout)
        return self.wait_for(lambda snapshot: snapshot.phase.ended, timeout if has_ended else 0)

    def answer(self, ticket: int, timeout: float | None = None) -> JournalEntry:
        """Wait for the journal entry that answers a command, and return it.

        Raises
        ------
        TimeoutError : there is no answer after ``timeout`` seconds
        """

        def entries(snapshot: Snapshot) -> list[JournalEntry]:
            return [entry for entry in snapshot.journal if entry.ticket == ticket]

        answers = entries(self.wait_for(lambda snapshot: bool(entries(snapshot)), timeout))
        if not answers:
            raise TimeoutError(f"command {ticket} was not answered within {timeout} s")
        return answers[0]
