"""Submits commands to a live run at full speed, and prints how long each took to be applied.

Called as ``python -m tuitrain.bench.probes.command_latency SCENARIO COUNT``; prints a list of
seconds, as JSON.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from tuitrain.commands import parse
from tuitrain.run.live.live_run import LiveRun
from tuitrain.scenario.build import build, title_of
from tuitrain.scenario.load import load

ANSWER_SECONDS = 30.0
LOOK_SECONDS = 0.01
SETTLE_STEPS = 200


def main() -> None:
    """Measure."""
    path, count = Path(sys.argv[1]), int(sys.argv[2])
    scenario = load(path)
    run = LiveRun(lambda tell: build(scenario, str(path), tell), title_of(scenario)).start()
    while run.snapshot().step < SETTLE_STEPS and not run.snapshot().phase.ended:
        time.sleep(LOOK_SECONDS)
    print(json.dumps([_applied(run, number) for number in range(count)]))
    run.close()


def _applied(run: LiveRun, number: int) -> float:
    """Change a learning rate, and return the seconds until that is applied at a boundary."""
    time.sleep(random.Random(number).uniform(0, 0.05))  # so that it comes at any moment of a burst
    command = parse(f"lr lower {0.001 * (1 + number % 2):g}")
    began = time.perf_counter()
    entry = run.answer(run.submit(command), ANSWER_SECONDS)
    if entry.outcome == "refused":
        raise RuntimeError(entry.message)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
