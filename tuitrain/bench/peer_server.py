"""A peer's side of the protocol: takes asks from stdin, times steps, answers on stdout."""

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

from .protocol import Answer, Ask, Cell
from .workloads.synthetic_data import Weights

Run: TypeAlias = Callable[[int], int]
"""Take at least so many steps, wait until they are done, and return how many they were."""


@dataclass(frozen=True, slots=True)
class Training:
    """A way of training, and the weights that it has come to.

    Attributes
    ----------
    take : takes steps
    weights : returns the weights as `synthetic.weights` lays them out: so that it can be held
        against others who began with the same and took the same steps
    """

    take: Run
    weights: Callable[[], list[Weights]]

    def __call__(self, steps: int) -> int:
        """Take steps."""
        return self.take(steps)


Variants: TypeAlias = Mapping[str, Callable[[], Run]]
"""The ways in which a peer can do the work, by name; each is made ready when it is called."""

CPUS_VARIABLE = "TUITRAIN_BENCH_CPUS"
"""The processors that a peer may use, as "0,1"."""

TRIAL_SECONDS = 0.1

_PR_SET_PDEATHSIG = 1


class _Ready:
    """A cell that is warm: its fastest variant, and how long a step of it takes."""

    def __init__(self, ask: Ask, variants: Variants) -> None:
        self.cell = ask.cell
        tried = dict(islice(variants.items(), ask.variants))
        self.variant, self._run, self._pace = fastest(tried, ask.trying)

    def time(self, seconds: float) -> tuple[float, int]:
        steps = max(1, round(seconds / self._pace))
        self._pace, taken = _timed(self._run, steps)
        return self._pace, taken


def serve(prepare: Callable[[Cell], Variants]) -> None:
    """Answer until stdin ends.

    Parameters
    ----------
    prepare : names the ways of doing a cell's work; may raise anything, which is answered
    """
    answers = _own_stdout()
    _end_with_the_benchmark()
    _stay_on_processors()
    ready: _Ready | None = None
    for line in sys.stdin.buffer:
        ask = msgspec.json.decode(line, type=Ask)
        try:
            if ask.seconds == 0:
                answer = _first_step(prepare(ask.cell))
            else:
                if ready is None or ready.cell != ask.cell:
                    ready = None  # its memory goes before the next one's comes
                    gc.collect()
                    ready = _Ready(ask, prepare(ask.cell))
                seconds, steps = ready.time(ask.seconds)
                answer = Answer(
                    seconds_per_step=seconds,
                    steps=steps,
                    variant=ready.variant,
                    peak_bytes=peak_bytes(),
                )
        except Exception as error:  # whatever a peer raises is what is to be reported of it
            answer = Answer(problem=_told(error))
        answers.write(msgspec.json.encode(answer) + b"\n")
        answers.flush()


def peak_bytes(process: str = "self") -> int:
    """Return the most memory that a process has held so far; 0 where the system does not say.

    (Not ``ru_maxrss``: a child begins with its parent's.)
    """
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii", errors="replace")
    except OSError:
        return 0
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines.get("VmHWM", "0 kB").split()[0]) * 1024


def fastest(variants: Variants, seconds: float) -> tuple[str, Run, float]:
    """Try variants, and return the fastest: its name, how it is run, seconds a step.

    Once so many seconds are gone no other is begun, so that a compiler does not eat the benchmark.
    """
    until = time.perf_counter() + seconds
    found: tuple[str, Run, float] | None = None
    failure: Exception | None = None
    for name, make in variants.items():
        if found is not None and time.perf_counter() > until:
            break
        try:
            run = make()
            pace = _pace(run)
        except Exception as error:
            failure = error
            continue
        if found is None or pace < found[2]:
            found = name, run, pace
    if found is None:
        raise failure or RuntimeError("no way of doing this")
    return found


def _pace(run: Run) -> float:
    """Warm up, and return about how many seconds a step takes."""
    run(2)
    steps = 1
    while True:
        pace, taken = _timed(run, steps)
        if pace * taken >= TRIAL_SECONDS:
            return pace
        steps = max(2 * taken, min(100 * taken, int(1.2 * TRIAL_SECONDS / pace)))


def _timed(run: Run, steps: int) -> tuple[float, int]:
    began = time.perf_counter()
    taken = run(steps)
    return (time.perf_counter() - began) / taken, taken


def _first_step(variants: Variants) -> Answer:
    name, make = next(iter(variants.items()))
    seconds, taken = _timed(make(), 1)
    return Answer(seconds_per_step=seconds, steps=taken, variant=name, peak_bytes=peak_bytes())


def _own_stdout() -> BinaryIO:
    """Keep stdout for answers; what libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _end_with_the_benchmark() -> None:
    """Have the system end this process when the one that began it is gone, where it can do that.

    The end of stdin says so too, but is not seen as long as a compiler compiles.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stay_on_processors() -> None:
    """Keep to the processors that are named, with every thread that libraries have begun by now.

    (Those that come later begin where the thread is that begins them.)
    """
    named = os.environ.get(CPUS_VARIABLE, "")
    if not named or not hasattr(os, "sched_setaffinity"):
        return
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # one that has ended meanwhile
            os.sched_setaffinity(int(thread.name), {int(each) for each in named.split(",")})


def _told(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}"[:300]
