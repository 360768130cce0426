"""Start: the time from a process's start to the end of its first step, with and without caches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from ..interleave import Measure, NotMeasuredError
from ..peers import TUITRAIN, Peer
from ..plan import BOOT_SECONDS, Case, Plan
from ..protocol import Cell
from ..results import Row
from ..scenario_runs import bench_scenario, run_in_terminal
from ..worker import Worker

CELL = Cell(network="lenet", batch=64, samples=1024)

SKIPPED_PEERS = ("JAX scan", "NumPy")
"""JAX scan starts like JAX jit; NumPy has nothing to compile."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan LeNet's first step with every peer, and the app's first step."""
    peers = [peer for peer in plan.peers if peer.name not in SKIPPED_PEERS]
    setup = sum(peer.setup for peer in peers)
    for state, share in (("empty cache", 1.0), ("warm", 0.5)):
        seconds = len(peers) * BOOT_SECONDS + share * setup
        label = f"first step of LeNet, {state}"
        yield _case(
            plan,
            label,
            seconds,
            state == "warm",
            lambda folder, warm: {
                peer.name: _first_step(plan, peer, folder / str(place), warm)
                for place, peer in enumerate(peers)
            },
        )
    for state in ("empty cache", "warm"):
        label = f"the app's first step, {state}"
        yield _case(
            plan,
            label,
            2 * BOOT_SECONDS,
            state == "warm",
            lambda folder, warm: {TUITRAIN.name: _first_step_of_app(folder, warm)},
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
        yield Row(cell=label, unit="s", subject=TUITRAIN.name, trials=trials)

    return Case((label,), (plan.rounds + warm) * seconds, measure)


def _first_step(plan: Plan, peer: Peer, folder: Path, warm: bool) -> Measure:
    """Time a process from its start; if warm, after another process has filled the caches."""

    def once() -> tuple[float, str]:
        variables = _caches(folder, warm)
        began = time.perf_counter()
        with Worker(peer, plan.threads[-1], plan.timeout, variables=variables) as worker:
            reply = worker.request(CELL, 0)
            if reply.problem:
                raise NotMeasuredError(reply.problem)
            return time.perf_counter() - began, reply.variant

    return _after_warm_up(once) if warm else once


def _first_step_of_app(folder: Path, warm: bool) -> Measure:
    def once() -> tuple[float, str]:
        variables = _caches(folder, warm)
        began = time.perf_counter()
        with run_in_terminal(bench_scenario(), variables=variables) as run:
            return run.wait_for_steps(1) - began, ""

    return _after_warm_up(once) if warm else once


def _after_warm_up(measure: Measure) -> Measure:
    """Measure once before the first measurement that counts."""
    is_warm = False

    def once() -> tuple[float, str]:
        nonlocal is_warm
        if not is_warm:
            is_warm = True
            measure()
        return measure()

    return once


def _caches(folder: Path, warm: bool) -> dict[str, str]:
    """Return variables that put every cache into a folder: a new one, unless it is to be warm.

    Python's byte code is not among them: every peer has its own already.
    """
    path = folder / "warm" if warm else folder / f"cold-{time.perf_counter_ns()}"
    # Caches that others can write are not trusted.
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    home = {"HOME": str(path)} if sys.platform == "darwin" else {}
    names = ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
    return dict.fromkeys(names, str(path)) | home
