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
from .mailbox import Mailbox
from .publisher import Publisher
from .training_thread import TrainingThread


class LiveRun:
    """A run that trains in the background; any thread may call its methods.

    Commands and requests reach the run's thread through a mailbox, which is read at step
    boundaries. Snapshots come back through a publisher.

    Parameters
    ----------
    build : makes the session; called on the run's thread, because it loads data and compiles
        kernels
    info : what is known of the run before its session is built
    clock : seconds that only grow
    log : the captured output of the training code, or None
    """

    def __init__(
        self,
        build: Callable[[ProgressCallback], Session],
        info: RunInfo,
        clock: Callable[[], float] = time.perf_counter,
        log: LogCapture | None = None,
    ) -> None:
        self._mailbox = Mailbox()
        self._publisher = Publisher(info, clock, log)
        self._thread = TrainingThread(build, self._mailbox, self._publisher, clock, log)

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

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot, at once; during training a newer one follows."""
        return self._publisher.read()

    def submit(self, command: AnyCommand, actor: Actor = "api") -> int:
        """Submit a command, and return its ticket; the journal has the answer under it."""
        return self._mailbox.submit(command, actor)

    def select_parameter(self, parameter: str | None) -> None:
        """Have the next snapshots describe this parameter in full (None: no parameter)."""
        self._mailbox.request(parameter=parameter)

    def inspect(self, request: InspectionRequest | None) -> None:
        """Have the next snapshots contain an inspection (None: none).

        It is made on the run's thread, at boundaries, at intervals that leave nearly all of the
        time to the training.
        """
        self._mailbox.request(inspection=request)

    def preview(self, command: AnyCommand | None) -> None:
        """Have the next snapshots contain the effect of a command on the next update (None: none).

        It is computed once, at the next boundary, without changing the run or its journal. Of
        several requests before that boundary only the last is answered.
        """
        self._mailbox.request(preview=command)

    def on_resume(self) -> None:
        """Exclude suspended time from the throughput; call this when the process continues."""
        self._thread.exclude_suspension()

    def close(self) -> None:
        """End the training at the next step boundary, and wait until the thread has ended."""
        self._mailbox.close()
        self._thread.join()

    def wait_for(
        self, condition: Callable[[Snapshot], bool], timeout: float | None = None
    ) -> Snapshot:
        """Wait for a snapshot that meets a condition, at most ``timeout`` seconds.

        Returns
        -------
        The newest snapshot, even if it does not meet the condition
        """
        return self._publisher.wait_for(condition, timeout)

    def join(self, timeout: float | None = None) -> Snapshot:
        """Wait until the run has ended, and return its newest snapshot."""
        return self.wait_for(lambda snapshot: snapshot.phase.ended, timeout)

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
