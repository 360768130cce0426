"""Record a first flight that is steered by keys as an animated SVG, for the README.

    python scripts/record_animation.py docs/flight.svg

The app runs without a terminal on a real run, whose steps are counted instead of timed, so that the
animation is the same every time. Only rows that change are written, each distinct row once.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from animated_svg import Picture, animate, capture_picture
from textual.pilot import Pilot
from textual.widgets import Input

from tuitrain.app.app import TuitrainApp
from tuitrain.app.flight_results import FlightResults
from tuitrain.commands import AnyCommand
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Actor, Phase, Snapshot
from tuitrain.scenario.build import build
from tuitrain.scenario.bundled import default_scenario

WIDTH, HEIGHT = 104, 30
SAMPLES_PER_SECOND = 52_000.0
"""The throughput in the header; a recorded run has none."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A part of the animation.

    Attributes
    ----------
    keys : keys pressed at the start; one in quotes is a text for the focused field
    pictures : number of pictures
    steps : steps taken before each picture, unless the run is paused
    seconds : how long each picture is shown
    """

    keys: tuple[str, ...] = ()
    pictures: int = 1
    steps: int = 0
    seconds: float = 0.2


BEATS = (
    Beat(steps=1),  # the scenario sets the pace
    Beat(("T",), pictures=5, steps=12, seconds=0.6),
    Beat(("right_parenthesis",), pictures=4, steps=40, seconds=0.6),
    Beat(("down",), seconds=1.6),
    Beat(("o",), seconds=1.0),
    Beat(("down",), seconds=0.8),
    Beat(("enter",), seconds=0.8),
    Beat(pictures=8, steps=40, seconds=0.3),
    Beat(("l",), seconds=0.6),
    Beat(("'x100'",), seconds=1.2),
    Beat(("enter",), seconds=0.8),
    Beat(pictures=5, steps=40, seconds=0.5),
    Beat(("u",), seconds=1.8),
    Beat(pictures=3, steps=84, seconds=0.8),
    Beat(("up",), seconds=1.2),
    Beat(("f",), seconds=1.4),
    Beat(pictures=3, steps=84, seconds=0.8),
    Beat(("down",), seconds=1.2),
    Beat(("d",), seconds=0.8),
    Beat(("'53'",), seconds=1.2),
    Beat(("enter",), seconds=0.8),
    Beat(pictures=4, steps=200, seconds=0.3),
    Beat(("right_parenthesis",) * 10, seconds=0.8),
    Beat(pictures=6, steps=1400, seconds=0.3),
    Beat(seconds=4.0),
)
"""The tour of the first flight, as a user would follow it."""


class SteppedSource:
    """A source that trains in the thread of its caller, when `take` is called."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watched: str | None = None
        self._tickets = 0
        self._version = 0

    def take(self, steps: int) -> None:
        """Take steps while the run is running."""
        last = self._session.step + steps
        while self._session.phase is Phase.RUNNING and self._session.step < last:
            self._session.apply_planned()
            self._session.run_burst(max_steps=last - self._session.step)

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the run."""
        self._version += 1
        session = self._session
        speed = SAMPLES_PER_SECOND if session.phase is Phase.RUNNING else 0.0
        if session.pace is not None:
            speed = min(speed, session.pace * session.info.batch_size)
        return session.snapshot(self._version, self._watched, speed)

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Apply a command at once: between calls the run is at a boundary."""
        self._tickets += 1
        self._session.apply_command(command, actor, self._tickets)
        return self._tickets

    def select_parameter(self, parameter: str | None) -> None:
        """Include this parameter in the snapshots."""
        self._watched = parameter

    def preview(self, command: AnyCommand | None) -> None:
        """Ignore the command: dialogs keep waiting for their preview."""

    def close(self) -> None:
        """Do nothing: there is no thread."""


async def record(source: SteppedSource, beats: Sequence[Beat]) -> list[tuple[Picture, float]]:
    """Play the beats, and return each picture with the seconds that it is shown."""
    app = TuitrainApp(source, clock=lambda: 0.0, refreshes=False)
    taken: list[tuple[Picture, float]] = []
    with TemporaryDirectory() as folder:
        app.deck.first_flight.results = FlightResults(Path(folder))
        await _play(app, source, beats, taken)
    return taken


async def _play(
    app: TuitrainApp,
    source: SteppedSource,
    beats: Sequence[Beat],
    taken: list[tuple[Picture, float]],
) -> None:
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await refresh(app, pilot)
        for beat in beats:
            for key in beat.keys:
                await press(app, pilot, key)
            for _ in range(beat.pictures):
                source.take(beat.steps)
                await refresh(app, pilot)
                taken.append((capture_picture(app), beat.seconds))


async def press(app: TuitrainApp, pilot: Pilot[None], key: str) -> None:
    """Press a key, or put a quoted text into the focused field."""
    if key.startswith("'") and isinstance(app.focused, Input):
        app.focused.value = key.strip("'")
    else:
        await pilot.press(key)
    await refresh(app, pilot)


async def refresh(app: TuitrainApp, pilot: Pilot[None]) -> None:
    """Poll the run and draw the screen."""
    for _ in range(2):
        app.poll()
        await pilot.pause()


def main() -> None:
    """Record the animation into the file of the command line."""
    parser = argparse.ArgumentParser(description="Record a run as an animated SVG.")
    parser.add_argument("target", type=Path, metavar="FILE", help="the SVG file to write")
    target = parser.parse_args().target
    source = SteppedSource(build(*default_scenario()))
    svg = animate(asyncio.run(record(source, BEATS)))
    target.write_text(svg, encoding="utf-8")
    print(f"{target}: {len(svg.encode()) // 1000} kB")


if __name__ == "__main__":
    main()
