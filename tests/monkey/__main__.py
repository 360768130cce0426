"""Send random input to the app: `python -m tests.monkey --events 100000 --seed 1`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from . import terminal
from .in_process import play
from .worlds import WORLDS


def main() -> int:
    """Play episodes until the given number of events is posted, and report the results."""
    arguments = _arguments()
    if arguments.terminal:
        return _at_a_terminal(arguments.seed, arguments.seconds)
    began, events, exits, faults = time.monotonic(), 0, 0, 0
    seed = arguments.seed
    while events < arguments.events and time.monotonic() - began < arguments.seconds:
        world = arguments.world or WORLDS[seed % len(WORLDS)]
        count = min(arguments.episode, arguments.events - events)
        left = arguments.seconds - (time.monotonic() - began)
        episode = asyncio.run(play(world, seed, count, left))
        events, exits, faults = (
            events + episode.events,
            exits + episode.exits,
            faults + episode.faults,
        )
        took = time.monotonic() - began
        print(
            f"seed {seed} {world}: {episode.events} events, {episode.exits} exits, "
            f"{episode.faults} faults, asked to leave {episode.asked_to_leave} times "
            f"({events} in all, {events / took:.0f} a second)",
            flush=True,
        )
        for report in episode.reports:
            print(report, flush=True)
        seed += 1
    print(f"{events} events, {exits} exits, {faults} faults; seeds {arguments.seed} to {seed - 1}")
    return 1 if exits or faults else 0


def _at_a_terminal(seed: int, seconds: float) -> int:
    visit = terminal.in_a_folder(seed, seconds)
    ended = "lived" if visit.alive else "ended"
    print(f"seed {seed}, at a terminal: {visit.moves} events, the app {ended}; its log:")
    print(visit.log[-4000:])
    return 0 if visit.alive and not visit.faults else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--episode", type=int, default=5_000, help="events for one app")
    parser.add_argument("--seed", type=int, default=1, help="of the first episode; then the next")
    parser.add_argument("--world", choices=WORLDS, help="one alone, in place of all in turn")
    parser.add_argument(
        "--terminal", action="store_true", help="run the app in a pty, for as many seconds"
    )
    parser.add_argument("--seconds", type=float, default=3600.0, help="ends there in any case")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
