"""How thoroughly a part is measured, and by whom: what every part is handed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from .interleave import Measure, NotMeasuredError, interleaved
from .peers import OURS, PEERS, Peer
from .protocol import Cell
from .results import Row, Trials
from .worker import ASK_SECONDS, Worker, processors
from .worker_pool import Crew

BOOT_SECONDS = 2.5
"""About how long a run of tuitrain takes until it can be measured."""


@dataclass(frozen=True)
class Case:
    """What is measured in one go.

    Attributes
    ----------
    cells : the rows that come of it, by name
    seconds : about how long it takes
    measure : measures
    """

    cells: tuple[str, ...]
    seconds: float
    measure: Callable[[], Iterable[Row]]


@dataclass(frozen=True)
class Plan:
    """A way of measuring.

    Attributes
    ----------
    rounds : values of everything
    seconds : how long a value is measured
    quick : only the cells that say the most
    peers : who is measured
    threads : the numbers of threads that are measured
    patience : seconds that an answer may take, with all that must be made ready for it
    tell : is told what is being measured
    crew : keeps the peers' processes
    """

    rounds: int = 5
    seconds: float = 1.0
    quick: bool = False
    peers: Sequence[Peer] = field(
        default_factory=lambda: tuple(each for each in PEERS if each.installed)
    )
    threads: tuple[int, ...] = field(default_factory=lambda: threads_for(processors()))
    patience: float = ASK_SECONDS
    tell: Callable[[str], None] = lambda _: None
    crew: Crew = field(default_factory=Crew)

    def workers(self, threads: int, *names: str, purpose: str = "") -> list[Worker]:
        """Return workers for the peers of these names (default: all), one for each name.

        They are those of the last cell if it wanted the same.
        """
        peers = {each.name: each for each in self.peers}
        wanted = [peers[name] for name in names or peers if name in peers]
        return self.crew.workers(wanted, threads, self.patience, 1 if self.quick else 8, purpose)

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
        left_out : peers that are not asked in this cell, and why
        """
        reasons = left_out or {}
        asked = [
            each
            for each in self.peers
            if (not names or each.name in names) and each.name not in reasons
        ]
        seconds = sum(each.setup + self.rounds * self.seconds for each in asked)

        def measure() -> Iterable[Row]:
            yield self.compare(self.workers(threads, *names, purpose=purpose), label, cell, reasons)

        return Case((label,), seconds, measure)

    def case_of_ours(self, label: str, cells: Mapping[str, Cell], expected: float | None) -> Case:
        """Plan a cell in which the first of two ways of training is measured beside the second."""
        some, _ = cells

        def measure() -> Iterable[Row]:
            # Two workers, so that neither has to make its step ready again in every round.
            workers = self.workers(1, OURS.name, OURS.name)
            contenders = {
                name: timing(worker, cell, self.seconds)
                for (name, cell), worker in zip(cells.items(), workers, strict=True)
            }
            trials = self.trials(contenders, label)
            yield Row(cell=label, unit="s", subject=some, trials=trials, expected=expected)

        return Case((label,), 2 * (OURS.setup + self.rounds * self.seconds), measure)

    def compare(
        self,
        workers: Sequence[Worker],
        label: str,
        cell: Cell,
        left_out: Mapping[str, str] | None = None,
    ) -> Row:
        """Measure one cell with all workers, in samples a second, or seconds if it has none."""
        reasons = left_out or {}
        trials = self.trials(
            {
                worker.name: timing(worker, cell, self.seconds)
                for worker in workers
                if worker.name not in reasons
            },
            label,
        )
        if cell.work == "train":
            trials = {name: _rates(each, cell.batch) for name, each in trials.items()}
        for worker in workers:
            if worker.name in reasons:
                trials[worker.name] = Trials(problem=f"left out: {reasons[worker.name]}")
        unit = "samples/s" if cell.work == "train" else "s"
        return Row(cell=label, unit=unit, subject=OURS.name, trials=trials)

    def trials(self, contenders: dict[str, Measure], label: str) -> dict[str, Trials]:
        """Measure contenders in turns, round by round."""
        tell = partial(self._whose_turn, label)
        return interleaved(contenders, self.rounds, tell, time.sleep)

    def _whose_turn(self, label: str, whose: str) -> None:
        self.tell(f"{label}: {whose}")

    def case_of_percentiles(
        self, label: str, seconds: float, collect: Callable[[], Sequence[float]]
    ) -> Case:
        """Plan rows for the median and the 99th percentile of what takes so long to collect."""
        return Case(
            (f"{label}, p50", f"{label}, p99"),
            self.rounds * seconds,
            lambda: self.percentiles(label, collect),
        )

    def percentiles(self, label: str, collect: Callable[[], Sequence[float]]) -> Iterator[Row]:
        """Collect seconds in each round, and give a row for their median and their 99th percentile.

        ``collect`` may raise `NotMeasuredError`.
        """
        collected: list[Sequence[float]] = []

        def once() -> tuple[float, str]:
            collected.append(sorted(collect()))
            return float(len(collected[-1])), ""

        problem = self.trials({OURS.name: once}, label)[OURS.name].problem
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            values = tuple(each[min(len(each) - 1, int(share * len(each)))] for each in collected)
            trials = {OURS.name: Trials(values=values, problem=problem)}
            yield Row(cell=f"{label}, {name}", unit="s", subject=OURS.name, trials=trials)


def timing(worker: Worker, cell: Cell, seconds: float) -> Measure:
    """Return how a worker's seconds a step are measured."""

    def measure() -> tuple[float, str]:
        answer = worker.ask(cell, seconds)
        if answer.problem:
            raise NotMeasuredError(answer.problem)
        return answer.seconds_per_step, answer.variant

    return measure


def threads_for(cores: int) -> tuple[int, ...]:
    """Return the numbers of threads that are measured on so many cores."""
    return (1, 2) if cores > 1 else (1,)


def threads_text(threads: int) -> str:
    """Return "1 thread" or "2 threads"."""
    return f"{threads} thread{'s' * (threads > 1)}"


def _rates(trials: Trials, batch: int) -> Trials:
    return Trials(
        values=tuple(batch / seconds for seconds in trials.values),
        variant=trials.variant,
        problem=trials.problem,
    )
