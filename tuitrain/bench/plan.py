"""How thoroughly a part is measured, and by whom: what every part is handed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from .peers import OURS, PEERS, Peer
from .protocol import Cell
from .results import Row, Trials
from .rounds import Measure, NotMeasuredError, interleaved
from .worker import ASK_SECONDS, Worker, processors


@dataclass(frozen=True)
class Plan:
    """A way of measuring.

    Attributes
    ----------
    rounds : values of everything
    seconds : how long a value is measured
    quick : only the cells that say the most
    peers : who is measured
    patience : seconds that an answer may take
    tell : is told what is being measured
    """

    rounds: int = 5
    seconds: float = 1.0
    quick: bool = False
    peers: Sequence[Peer] = field(
        default_factory=lambda: tuple(each for each in PEERS if each.installed)
    )
    patience: float = ASK_SECONDS
    tell: Callable[[str], None] = lambda _: None

    @property
    def threads(self) -> tuple[int, ...]:
        """The numbers of threads that are measured."""
        return (1, 2) if processors() > 1 else (1,)

    @contextmanager
    def workers(self, threads: int, *names: str) -> Iterator[list[Worker]]:
        """Have workers for the peers of these names (default: all), until the end of the block."""
        with ExitStack() as running:
            yield [
                running.enter_context(Worker(peer, threads, self.patience, 1 if self.quick else 8))
                for peer in self.peers
                if not names or peer.name in names
            ]

    def compare(self, workers: Sequence[Worker], label: str, cell: Cell) -> Row:
        """Measure one cell with all workers, in samples a second, or seconds if it has none."""
        trials = self.trials(
            {worker.name: timing(worker, cell, self.seconds) for worker in workers}, label
        )
        if cell.work == "train":
            trials = {name: _rates(each, cell.batch) for name, each in trials.items()}
        unit = "samples/s" if cell.work == "train" else "s"
        return Row(cell=label, unit=unit, subject=OURS.name, trials=trials)

    def trials(self, contenders: dict[str, Measure], label: str) -> dict[str, Trials]:
        """Measure contenders in turns, round by round."""
        return interleaved(contenders, self.rounds, lambda whose: self.tell(f"{label}: {whose}"))

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


def threads_text(threads: int) -> str:
    """Return "1 thread" or "2 threads"."""
    return f"{threads} thread{'s' * (threads > 1)}"


def _rates(trials: Trials, batch: int) -> Trials:
    return Trials(
        values=tuple(batch / seconds for seconds in trials.values),
        variant=trials.variant,
        problem=trials.problem,
    )
