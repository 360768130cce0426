"""Start: how long it takes from nothing to the end of the first step, with and without caches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tuitrain.bench.interleave import Measure, NotMeasuredError
from tuitrain.bench.peers import OURS, Peer
from tuitrain.bench.plan import BOOT_SECONDS, Case, Plan
from tuitrain.bench.protocol import Cell
from tuitrain.bench.results import Row
from tuitrain.bench.scenario_runs import flying, scenario
from tuitrain.bench.worker import Worker

CELL = Cell(network="lenet", batch=64, samples=1024)

NOT_STARTED = ("JAX scan", "NumPy")
"""The one starts as JAX jit does, the other has nothing to start."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan LeNet's first step with every peer, and the app's."""
    peers = [each for each in plan.peers if each.name not in NOT_STARTED]
    compiling = sum(each.setup for each in peers)
    for state, share in (("empty cache", 1.0), ("warm", 0.5)):
        seconds = len(peers) * BOOT_SECONDS + share * compiling
        label = f"first step of LeNet, {state}"
        yield _case(
            plan,
            label,
            seconds,
            state == "warm",
            lambda folder, warm: {
                each.name: _first_step(plan, each, folder / str(place), warm)
                for place, each in enumerate(peers)
            },
        )
    for state in ("empty cache", "warm"):
        label = f"the app's first step, {state}"
        yield _case(
            plan,
            label,
            2 * BOOT_SECONDS,
            state == "warm",
            lambda folder, warm: {OURS.name: _first_step_of_app(folder, warm)},
        )


def _case(
    plan: Plan,
    label: str,
    seconds: float,
    warm: bool,
    contenders: Callable[[Path, bool], dict[str, Measure]],
) -> Case:
    def measure() -> Iterator[Row]:
        with TemporaryDirectory(prefix="tuitrain-bench-") as name:
            trials = plan.trials(contenders(Path(name), warm), label)
        yield Row(cell=label, unit="s", subject=OURS.name, trials=trials)

    return Case((label,), (plan.rounds + warm) * seconds, measure)


def _first_step(plan: Plan, peer: Peer, folder: Path, warm: bool) -> Measure:
    """Time a process from its start; in the warm state, one that was started there before."""

    def once() -> tuple[float, str]:
        variables = _caches(folder, warm)
        began = time.perf_counter()
        with Worker(peer, plan.threads[-1], plan.patience, variables=variables) as worker:
            answer = worker.ask(CELL, 0)
            if answer.problem:
                raise NotMeasuredError(answer.problem)
            return time.perf_counter() - began, answer.variant

    return _after_one(once) if warm else once


def _first_step_of_app(folder: Path, warm: bool) -> Measure:
    def once() -> tuple[float, str]:
        variables = _caches(folder, warm)
        began = time.perf_counter()
        try:
            with flying(scenario(), variables=variables) as flight:
                return flight.wait_for_steps(1) - began, ""
        except TimeoutError as late:
            raise NotMeasuredError(str(late)) from None

    return _after_one(once) if warm else once


def _after_one(measure: Measure) -> Measure:
    """Measure once for nothing before the first time that counts."""
    begun = False

    def once() -> tuple[float, str]:
        nonlocal begun
        if not begun:
            begun = True
            measure()
        return measure()

    return once


def _caches(folder: Path, warm: bool) -> dict[str, str]:
    """Return variables that keep every cache in a folder: a new one, unless it shall be warm.

    What Python itself compiles of modules is not in there: everyone has that already.
    """
    where = folder / "warm" if warm else folder / f"cold-{time.perf_counter_ns()}"
    where.mkdir(mode=0o700, exist_ok=True)  # caches are not trusted where others may write
    home = {"HOME": str(where)} if sys.platform == "darwin" else {}
    names = ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
    return dict.fromkeys(names, str(where)) | home
