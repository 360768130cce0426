"""How a part is measured: rounds, seconds, peers, threads; and the cases of a part."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .interleave import Measure, NotMeasuredError, interleave
from .peers import PEERS, TUITRAIN, Peer
from .protocol import Cell
from .results import Row, Trials
from .worker import REPLY_TIMEOUT, Worker, available_cpus
from .worker_pool import WorkerPool

BOOT_SECONDS = 2.5
"""Approximate time until a run of tuitrain can be measured."""


@dataclass(frozen=True)
class Case:
    """Cells that are measured together.

    Attributes
    ----------
    cells : names of the resulting rows
    seconds : approximate duration
    measure : measures the rows
    """

    cells: tuple[str, ...]
    seconds: float
    measure: Callable[[], Iterable[Row]]


@dataclass(frozen=True)
class Plan:
    """The settings of a measurement.

    Attributes
    ----------
    rounds : values per cell
    seconds : duration of the measurement of a value
    quick : whether only the most important cells are measured
    peers : the peers to measure
    threads : the numbers of threads to measure with
    timeout : seconds until a reply, with all preparation
    on_progress : called with a message that says what is being measured
    pool : keeps the peers' processes
    """

    rounds: int = 5
    seconds: float = 1.0
    quick: bool = False
    peers: Sequence[Peer] = field(
        default_factory=lambda: tuple(peer for peer in PEERS if peer.installed)
    )
    threads: tuple[int, ...] = field(default_factory=lambda: thread_counts(available_cpus()))
    timeout: float = REPLY_TIMEOUT
    on_progress: Callable[[str], None] = lambda _: None
    pool: WorkerPool = field(default_factory=WorkerPool)

    def workers(self, threads: int, *names: str, purpose: str = "") -> list[Worker]:
        """Return workers for the peers of these names (default: all), one for each name.

        They are the workers of the last cell if it had the same arguments.
        """
        peers = {peer.name: peer for peer in self.peers}
        selected = [peers[name] for name in names or peers if name in peers]
        return self.pool.workers(selected, threads, self.timeout, 1 if self.quick else 8, purpose)

    def case(
        self,
        label: str,
        cell: Cell,
        threads: int,
        names: Sequence[str] = (),
        left_out: Mapping[str, str] | None = None,
        purpose: str = "",
    ) -> Case:
        """Plan one cell with the peers of these names (default: all).

        Parameters
        ----------
        left_out : reasons, by name, to skip a peer in this cell
        """
        reasons = left_out or {}
        contenders = [
            peer
            for peer in self.peers
            if (not names or peer.name in names) and peer.name not in reasons
        ]
        seconds = sum(peer.setup + self.rounds * self.seconds for peer in contenders)

        def measure() -> Iterable[Row]:
            yield self.compare(self.workers(threads, *names, purpose=purpose), label, cell, reasons)

        return Case((label,), seconds, measure)

    def self_comparison(
        self, label: str, cells: Mapping[str, Cell], expected: float | None
    ) -> Case:
        """Plan a cell that compares two settings of tuitrain, the first beside the second."""
        subject, _ = cells

        def measure() -> Iterable[Row]:
            # Two workers, so that neither prepares its step again in every round.
            workers = self.workers(1, TUITRAIN.name, TUITRAIN.name)
            contenders = {
                name: step_timer(worker, cell, self.seconds)
                for (name, cell), worker in zip(cells.items(), workers, strict=True)
            }
            trials = self.trials(contenders, label)
            yield Row(cell=label, unit="s", subject=subject, trials=trials, expected=expected)

        return Case((label,), 2 * (TUITRAIN.setup + self.rounds * self.seconds), measure)

    def compare(
        self,
        workers: Sequence[Worker],
        label: str,
        cell: Cell,
        left_out: Mapping[str, str] | None = None,
    ) -> Row:
        """Measure one cell with all workers, in samples per second, or in seconds of an update."""
        reasons = left_out or {}
        trials = self.trials(
            {
                worker.name: step_timer(worker, cell, self.seconds)
                for worker in workers
                if worker.name not in reasons
            },
            label,
        )
        if cell.work == "train":
            trials = {name: _rates(entry, cell.batch) for name, entry in trials.items()}
        for worker in workers:
            if worker.name in reasons:
                trials[worker.name] = Trials(problem=f"left out: {reasons[worker.name]}")
        unit = "samples/s" if cell.work == "train" else "s"
        return Row(cell=label, unit=unit, subject=TUITRAIN.name, trials=trials)

    def trials(self, contenders: dict[str, Measure], label: str) -> dict[str, Trials]:
        """Measure contenders in turns, round by round."""

        def on_turn(turn: str) -> None:
            self.on_progress(f"{label}: {turn}")

        return interleave(contenders, self.rounds, on_turn, time.sleep)

    def percentile_case(
        self, label: str, seconds: float, collect: Callable[[], Sequence[float]]
    ) -> Case:
        """Plan rows for the median and the 99th percentile of collected values.

        Parameters
        ----------
        seconds : approximate duration of ``collect``
        """
        return Case(
            (f"{label}, p50", f"{label}, p99"),
            self.rounds * seconds,
            lambda: self.percentiles(label, collect),
        )

    def percentiles(self, label: str, collect: Callable[[], Sequence[float]]) -> Iterator[Row]:
        """Collect seconds in each round, and yield a row for the median and the 99th percentile.

        ``collect`` may raise `NotMeasuredError`.
        """
        collected: list[Sequence[float]] = []

        def once() -> tuple[float, str]:
            collected.append(sorted(collect()))
            return float(len(collected[-1])), ""

        problem = self.trials({TUITRAIN.name: once}, label)[TUITRAIN.name].problem
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            values = tuple(
                ordered[min(len(ordered) - 1, int(share * len(ordered)))] for ordered in collected
            )
            trials = {TUITRAIN.name: Trials(values=values, problem=problem)}
            yield Row(cell=f"{label}, {name}", unit="s", subject=TUITRAIN.name, trials=trials)


def step_timer(worker: Worker, cell: Cell, seconds: float) -> Measure:
    """Return a function that measures a worker's seconds per step."""

    def measure() -> tuple[float, str]:
        reply = worker.request(cell, seconds)
        if reply.problem:
            raise NotMeasuredError(reply.problem)
        return reply.seconds_per_step, reply.variant

    return measure


def thread_counts(cores: int) -> tuple[int, ...]:
    """Return the numbers of threads to measure with on a machine with ``cores`` cores."""
    return (1, 2) if cores > 1 else (1,)


def format_threads(threads: int) -> str:
    """Return "1 thread" or "2 threads"."""
    return f"{threads} thread{'s' * (threads > 1)}"


def _rates(trials: Trials, batch: int) -> Trials:
    return Trials(
        values=tuple(batch / seconds for seconds in trials.values),
        variant=trials.variant,
        problem=trials.problem,
    )
