"""Viewers: the speed of a run that other processes watch, and the time of a command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ..interleave import Measure, NotMeasuredError
from ..plan import BOOT_SECONDS, Case, Plan, format_threads
from ..results import Row
from ..scenario_runs import (
    START_TIMEOUT,
    TerminalRun,
    bench_scenario,
    run_environment,
    run_in_terminal,
)

SETTLE_STEPS = 200
ALONE = "no viewer"

OBSERVATION_FACTOR = 5
"""Duration of a value relative to `Plan.seconds`: viewers are served unevenly."""

EPOCH_SECONDS = 2.0
"""Approximate time from a moment to the end of an epoch, at both ends of a value."""

_PROBE = [sys.executable, "-m", "tuitrain.bench.probes.attached_viewers"]


def cases(plan: Plan) -> Iterator[Case]:
    """Plan LeNet with one and ten viewers beside none, and the round trip of ``ctl``."""
    for threads in (1,) if plan.quick else plan.threads:
        for number in (1,) if plan.quick or threads > 1 else (1, 10):
            yield _speed_case(plan, number, threads)
    count = 20 if plan.quick else 200
    yield plan.percentile_case(
        "ctl, from the command to its answer",
        BOOT_SECONDS + 0.1 * count,
        lambda: _round_trips(count),
    )


def _speed_case(plan: Plan, number: int, threads: int) -> Case:
    viewers = "1 viewer" if number == 1 else f"{number} viewers"
    label = f"LeNet, B=64, {format_threads(threads)}, {viewers}"

    def measure() -> Iterator[Row]:
        with ExitStack() as closing:
            run = _LateRun(threads, closing)
            contenders = {
                viewers: _run_speed(plan, run, number),
                ALONE: _run_speed(plan, run, 0),
            }
            trials = plan.trials(contenders, label)
        yield Row(cell=label, unit="samples/s", subject=viewers, trials=trials)

    value = BOOT_SECONDS + EPOCH_SECONDS + OBSERVATION_FACTOR * plan.seconds
    return Case((label,), BOOT_SECONDS + 2 * plan.rounds * value, measure)


class _LateRun:
    """A run that is started by the first value, so that a failed start is a problem of that value.

    Viewers join and leave it: two runs of the same scenario differ by several percent, which
    is more than what viewers take.
    """

    def __init__(self, threads: int, closing: ExitStack) -> None:
        self._threads = threads
        self._closing = closing
        self._run: TerminalRun | None = None

    def get(self) -> TerminalRun:
        if self._run is None:
            opened = run_in_terminal(bench_scenario(), threads=self._threads, hosted=True)
            self._run = self._closing.enter_context(opened)
            self._run.wait_for_steps(SETTLE_STEPS)
        return self._run


def _run_speed(plan: Plan, late: _LateRun, number: int) -> Measure:
    def once() -> tuple[float, str]:
        try:
            run = late.get()
            with _viewers(run, number):
                steps = run.steps_per_second_of_epochs(OBSERVATION_FACTOR * plan.seconds)
        except TimeoutError as error:
            raise NotMeasuredError(str(error)) from None
        return 64 * steps, ""

    return once


@contextmanager
def _viewers(run: TerminalRun, number: int) -> Iterator[None]:
    """Attach viewers, in one process, until the block is left.

    Raises
    ------
    NotMeasuredError : they cannot connect
    """
    if not number:
        yield
        return
    command = [*_PROBE, "watch", str(run.folder), str(number)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, env=run_environment(1), text=True
    ) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline().strip() != "ready":
                raise NotMeasuredError("the viewers did not connect")
            yield
        finally:
            process.kill()


def _round_trips(count: int) -> Sequence[float]:
    with run_in_terminal(bench_scenario(), hosted=True) as run:
        run.wait_for_steps(SETTLE_STEPS)
        try:
            process = subprocess.run(
                [*_PROBE, "command", str(run.folder), str(count)],
                capture_output=True,
                text=True,
                env=run_environment(1),
                timeout=START_TIMEOUT + count,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotMeasuredError("the commands were not answered") from None
    if process.returncode != 0:
        raise NotMeasuredError((process.stderr.strip().splitlines() or ["it failed"])[-1])
    return json.loads(process.stdout)
