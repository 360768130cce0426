"""Submit commands to a live run at full speed, and measure the time until they are applied.

Usage: ``python -m tuitrain.bench.probes.command_latency SCENARIO COUNT``. Prints a JSON list of
seconds.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from tuitrain.commands import parse
from tuitrain.run.live.live_run import LiveRun
from tuitrain.scenario.build import build, make_run_info
from tuitrain.scenario.load import load

REPLY_SECONDS = 30.0
POLL_SECONDS = 0.01
SETTLE_STEPS = 200


def main() -> None:
    """Measure, and print the list."""
    path, count = Path(sys.argv[1]), int(sys.argv[2])
    scenario = load(path)
    run = LiveRun(
        lambda on_progress: build(scenario, str(path), on_progress), make_run_info(scenario)
    ).start()
    while run.snapshot().step < SETTLE_STEPS and not run.snapshot().phase.ended:
        time.sleep(POLL_SECONDS)
    print(json.dumps([_latency(run, number) for number in range(count)]))
    run.close()


def _latency(run: LiveRun, number: int) -> float:
    """Change a learning rate, and return the seconds until the command is applied."""
    time.sleep(random.Random(number).uniform(0, 0.05))  # at any phase of a burst
    command = parse(f"lr lower {0.001 * (1 + number % 2):g}")
    began = time.perf_counter()
    entry = run.answer(run.submit(command), REPLY_SECONDS)
    if entry.outcome == "refused":
        raise RuntimeError(entry.message)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
