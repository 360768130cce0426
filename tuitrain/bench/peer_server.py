"""A peer's side of the protocol: read requests from stdin, time steps, reply on stdout."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from .protocol import Cell, TimingReply, TimingRequest
from .workloads.synthetic_data import Weights

TakeSteps: TypeAlias = Callable[[int], int]
"""Take at least this number of steps, wait until they are done, and return their number."""


@dataclass(frozen=True, slots=True)
class Training:
    """A training loop, and access to its weights.

    Attributes
    ----------
    take : takes steps
    weights : returns the weights in the layout of `synthetic_data.initial_weights`, to compare
        peers that started with the same weights and took the same steps
    """

    take: TakeSteps
    weights: Callable[[], list[Weights]]

    def __call__(self, steps: int) -> int:
        """Take steps."""
        return self.take(steps)


Variants: TypeAlias = Mapping[str, Callable[[], TakeSteps]]
"""A peer's ways to do the work, by name; calling one prepares it."""

CPUS_VARIABLE = "TUITRAIN_BENCH_CPUS"
"""Environment variable with the processors that a peer may use, as "0,1"."""

TRIAL_SECONDS = 0.1

_PR_SET_PDEATHSIG = 1


class _WarmCell:
    """A cell after its warm-up: its fastest variant, and the seconds per step."""

    def __init__(self, request: TimingRequest, variants: Variants) -> None:
        self.cell = request.cell
        candidates = dict(islice(variants.items(), request.variants))
        self.variant, self._take, self._pace = choose_fastest(candidates, request.trying)

    def time(self, seconds: float) -> tuple[float, int]:
        steps = max(1, round(seconds / self._pace))
        self._pace, taken = _time_steps(self._take, steps)
        return self._pace, taken


def serve(prepare: Callable[[Cell], Variants]) -> None:
    """Reply to requests until stdin ends.

    Parameters
    ----------
    prepare : returns the variants of a cell; an exception that it raises is the reply
    """
    replies = _take_over_stdout()
    _end_with_parent()
    _set_processors()
    warm: _WarmCell | None = None
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=TimingRequest)
        try:
            if request.seconds == 0:
                reply = _time_first_step(prepare(request.cell))
            else:
                if warm is None or warm.cell != request.cell:
                    warm = None  # free its memory before the next one is prepared
                    gc.collect()
                    warm = _WarmCell(request, prepare(request.cell))
                seconds, steps = warm.time(request.seconds)
                reply = TimingReply(
                    seconds_per_step=seconds,
                    steps=steps,
                    variant=warm.variant,
                    peak_bytes=peak_bytes(),
                )
        except Exception as error:  # any exception of a peer is a result to report
            reply = TimingReply(problem=_error_text(error))
        replies.write(msgspec.json.encode(reply) + b"\n")
        replies.flush()


def peak_bytes(process: str = "self") -> int:
    """Return the peak memory of a process; 0 if the system does not report it.

    (``ru_maxrss`` is no alternative: a child inherits its parent's.)
    """
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii", errors="replace")
    except OSError:
        return 0
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines.get("VmHWM", "0 kB").split()[0]) * 1024


def choose_fastest(variants: Variants, seconds: float) -> tuple[str, TakeSteps, float]:
    """Try variants, and return name, function and seconds per step of the fastest.

    No other variant is tried after ``seconds``, so that compilations do not dominate the benchmark.
    """
    deadline = time.perf_counter() + seconds
    fastest: tuple[str, TakeSteps, float] | None = None
    failure: Exception | None = None
    for name, make in variants.items():
        if fastest is not None and time.perf_counter() > deadline:
            break
        try:
            take = make()
            pace = _warm_up(take)
        except Exception as error:
            failure = error
            continue
        if fastest is None or pace < fastest[2]:
            fastest = name, take, pace
    if fastest is None:
        raise failure or RuntimeError("no way of doing this")
    return fastest


def _warm_up(take: TakeSteps) -> float:
    """Take steps for `TRIAL_SECONDS`, and return the approximate seconds per step."""
    take(2)
    steps = 1
    while True:
        pace, taken = _time_steps(take, steps)
        if pace * taken >= TRIAL_SECONDS:
            return pace
        steps = max(2 * taken, min(100 * taken, int(1.2 * TRIAL_SECONDS / pace)))


def _time_steps(take: TakeSteps, steps: int) -> tuple[float, int]:
    began = time.perf_counter()
    taken = take(steps)
    return (time.perf_counter() - began) / taken, taken


def _time_first_step(variants: Variants) -> TimingReply:
    name, make = next(iter(variants.items()))
    seconds, taken = _time_steps(make(), 1)
    return TimingReply(seconds_per_step=seconds, steps=taken, variant=name, peak_bytes=peak_bytes())


def _take_over_stdout() -> BinaryIO:
    """Return stdout for replies, and redirect the output of libraries to stderr."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def _end_with_parent() -> None:
    """Have Linux kill this process when its parent ends.

    The end of stdin is no substitute: a process does not see it while it compiles.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _set_processors() -> None:
    """Restrict all current threads to the processors of `CPUS_VARIABLE`.

    Threads that start later inherit the processors of the thread that starts them.
    """
    cpus = os.environ.get(CPUS_VARIABLE, "")
    if not cpus or not hasattr(os, "sched_setaffinity"):
        return
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # the thread has ended
            os.sched_setaffinity(int(thread.name), {int(cpu) for cpu in cpus.split(",")})


def _error_text(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}"[:300]
