"""Record a real flight, steered by keys, as an animated SVG: the moving picture in the README.

    python scripts/record_flight.py docs/flight.svg

The app runs without a terminal, on a real run with a clock of its own: between two pictures the run
takes so many steps, and then the next keys are pressed. So the same picture comes out every time.
Nothing but the rows that change is written for a picture, and each different row once.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flight_svg import Picture, animated, picture_of
from textual.pilot import Pilot
from textual.widgets import Input

from tuitrain.app.app import TuitrainApp
from tuitrain.commands import AnyCommand
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Actor, Phase, Snapshot
from tuitrain.scenario.box import first_flight
from tuitrain.scenario.build import build

WIDTH, HEIGHT = 104, 30
SAMPLES_PER_SECOND = 52_000.0
"""What the header says; the pace of the recording is its own."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A piece of the flight.

    Attributes
    ----------
    keys : pressed at its beginning; one in quotes is typed as a text
    pictures : how many are taken
    steps : taken before each of them, unless the run is paused
    seconds : that each is shown
    """

    keys: tuple[str, ...] = ()
    pictures: int = 1
    steps: int = 0
    seconds: float = 0.2


FLIGHT = (
    Beat(pictures=10, steps=8),
    Beat(("f",), seconds=0.8),
    Beat(pictures=6, steps=8),
    Beat(("down", "down", "down", "down", "down"), seconds=0.8),
    Beat(("colon",), seconds=0.3),
    Beat(("'optimizer fc adam lr=0.001'",), seconds=1.4),
    Beat(("enter",), seconds=0.8),
    Beat(pictures=6, steps=8),
    Beat(("l",), seconds=0.6),
    Beat(("'x2'",), seconds=1.4),
    Beat(("enter",), seconds=0.8),
    Beat(pictures=5, steps=8),
    Beat(("d",), seconds=1.8),
    Beat(("enter",), seconds=0.8),
    Beat(pictures=8, steps=12),
    Beat(("up", "up", "up", "up", "up", "f"), seconds=0.8),
    Beat(pictures=6, steps=12),
    Beat(("space",), seconds=1.0),
    Beat(("u",), seconds=1.6),
    Beat(("space",), pictures=8, steps=14),
    Beat(("x",), seconds=0.4),
    Beat(("left",) * 12, seconds=1.2),
    Beat(("escape",), pictures=4, steps=14, seconds=0.25),
    Beat(("space",), seconds=3.0),
)


class Flight:
    """A source that trains when it is told to, in the thread of whoever tells."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watched: str | None = None
        self._tickets = 0
        self._version = 0

    def take(self, steps: int) -> None:
        """Take so many steps, unless the run stands still."""
        last = self._session.step + steps
        while self._session.phase is Phase.RUNNING and self._session.step < last:
            self._session.apply_planned()
            self._session.run_burst(max_steps=last - self._session.step)

    def snapshot(self) -> Snapshot:
        """Return what the run shows now."""
        self._version += 1
        running = self._session.phase is Phase.RUNNING
        speed = SAMPLES_PER_SECOND if running else 0.0
        return self._session.snapshot(self._version, self._watched, speed)

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Decide a command at once: the run stands at a boundary."""
        self._tickets += 1
        self._session.apply_command(command, actor, self._tickets)
        return self._tickets

    def select_parameter(self, parameter: str | None) -> None:
        """Describe this parameter from now on."""
        self._watched = parameter

    def preview(self, command: AnyCommand | None) -> None:
        """Look ahead at nothing: dialogs say that they wait, which is not what is shown here."""

    def close(self) -> None:
        """There is no thread to end."""


async def record(flight: Flight, beats: Sequence[Beat]) -> list[tuple[Picture, float]]:
    """Fly, and return the pictures, each with the seconds that it is shown."""
    app = TuitrainApp(flight, clock=lambda: 0.0, refreshes=False)
    taken: list[tuple[Picture, float]] = []
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await look(app, pilot)
        for beat in beats:
            for key in beat.keys:
                await press(app, pilot, key)
            for _ in range(beat.pictures):
                flight.take(beat.steps)
                await look(app, pilot)
                taken.append((picture_of(app), beat.seconds))
    return taken


async def press(app: TuitrainApp, pilot: Pilot[None], key: str) -> None:
    """Press a key, or let a text be what the field holds that has the keyboard."""
    if key.startswith("'") and isinstance(app.focused, Input):
        app.focused.value = key.strip("'")
    else:
        await pilot.press(key)
    await look(app, pilot)


async def look(app: TuitrainApp, pilot: Pilot[None]) -> None:
    """Let the screen see the run, and draw."""
    for _ in range(2):
        app.poll()
        await pilot.pause()


def main() -> None:
    """Record the flight into the file that the command line names."""
    parser = argparse.ArgumentParser(description="Record a flight as an animated SVG.")
    parser.add_argument("target", type=Path, metavar="FILE", help="the SVG file to write")
    target = parser.parse_args().target
    flight = Flight(build(*first_flight()))
    svg = animated(asyncio.run(record(flight, FLIGHT)))
    target.write_text(svg, encoding="utf-8")
    print(f"{target}: {len(svg.encode()) // 1000} kB")


if __name__ == "__main__":
    main()
