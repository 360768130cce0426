"""Attach viewers to a live run, or send it commands as a program does.

Usage: ``python -m tuitrain.bench.probes.attached_viewers watch FOLDER NUMBER [PARAMETER]`` attaches
viewers that look 12 times a second, prints ``ready`` and runs until it is killed. ``command FOLDER
COUNT`` sends commands, each over a connection of its own, and prints a JSON list of seconds.
"""

from __future__ import annotations

import json
import random
import sys
import time

from tuitrain.remote.client.endpoint import Endpoint
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.control.client import ControlClient

REPLY_SECONDS = 30.0
LOOK_SECONDS = 1 / 12


def main() -> None:
    """Watch, or measure and print the list."""
    action, folder, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
    endpoint = endpoint_of(folder)
    if action == "watch":
        _watch(endpoint, number, sys.argv[4] if len(sys.argv) > 4 else "conv1.weight")
    print(json.dumps([_round_trip(endpoint, index) for index in range(number)]))


def _watch(endpoint: Endpoint, number: int, parameter: str) -> None:
    viewers = [
        RemoteSource(endpoint, f"viewer {index}", read_only=True).start() for index in range(number)
    ]
    for viewer in viewers:
        viewer.select_parameter(parameter)
        viewer.wait_for(lambda shown: shown.parameter is not None, REPLY_SECONDS)
    print("ready", flush=True)
    while True:
        time.sleep(LOOK_SECONDS)
        for viewer in viewers:
            viewer.snapshot()


def _round_trip(endpoint: Endpoint, index: int) -> float:
    """Connect and change a learning rate; return the seconds from the command to its answer."""
    time.sleep(random.Random(index).uniform(0, 0.05))  # at any phase of a burst
    with ControlClient(endpoint, "bench") as client:
        began = time.perf_counter()
        rate = 0.001 * (1 + index % 2)
        reply = client.send(f"lr lower {rate:g}", "ctl", "", None, REPLY_SECONDS)
        if reply.outcome == "refused":
            raise RuntimeError(reply.message)
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
