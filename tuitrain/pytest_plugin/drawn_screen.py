"""The screen of a run, drawn without a terminal."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from textual.pilot import Pilot

from tuitrain.app.app import TuitrainApp
from tuitrain.app.framework.screen_text import screen_text
from tuitrain.app.screens.deck.recording_deck import RecordingDeck
from tuitrain.app.source import Source
from tuitrain.errors import TuitrainError
from tuitrain.scenario.runs.record_player import RecordPlayer

from .replayed_run import ReplayedRun
from .static_source import StaticSource

SIZE: Final = (120, 36)
"""Columns and rows of a screen, unless the test says otherwise."""


MAX_HOPS: Final = 50
"""How often the queues of a screen are checked at most: a widget may post messages forever."""

QUIET_HOPS: Final = 2
"""The first may find all queues empty while a widget still handles its last message."""


@dataclass(frozen=True)
class DrawnScreen:
    """A screen.

    Attributes
    ----------
    text : its rows, without spaces at their ends
    svg : a picture with its colors
    """

    text: str
    svg: str


class DrawScreen:
    """Draws screens for tests."""

    def __call__(
        self,
        run: ReplayedRun | Path,
        size: tuple[int, int] = SIZE,
        keys: Sequence[str] = (),
    ) -> DrawnScreen:
        """Draw the screen of a run at its end.

        Parameters
        ----------
        run : a run of `replay_scenario`, or the folder of a recorded run
        size : columns and rows
        keys : are pressed before, by Textual's names, such as ``question_mark``, ``down``

        Raises
        ------
        Failed : the folder holds no run that can be read; the test fails with one sentence
        """
        draw = partial(_draw, run, size, keys)
        try:
            with _plain_environment(), ThreadPoolExecutor(1) as thread:  # a test may have a loop
                return thread.submit(lambda: asyncio.run(draw())).result()
        except TuitrainError as error:
            problem = str(error)
        pytest.fail(problem, pytrace=False)


async def _draw(run: ReplayedRun | Path, size: tuple[int, int], keys: Sequence[str]) -> DrawnScreen:
    app = _recording(run) if isinstance(run, Path) else _live(StaticSource(run.snapshot))
    async with app.run_test(size=size) as pilot:
        await _settle(app, pilot)
        for key in keys:
            await pilot.press(key)
            await _settle(app, pilot)
        svg = re.sub(r"terminal-\d+", "terminal", app.export_screenshot(title="tuitrain"))
        # Use the reader's monospaced font; a picture should fetch nothing from the network.
        svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
        return DrawnScreen(screen_text(app), svg)


async def _settle(app: TuitrainApp, pilot: Pilot[None]) -> None:
    """Show the run, and wait until no message waits in the queue of a widget."""
    app.poll()
    quiet = 0
    for _ in range(MAX_HOPS):
        await pilot.pause()
        widgets = (
            widget for screen in app.screen_stack for widget in screen.walk_children(with_self=True)
        )
        has_messages = any(pump.message_queue_size for pump in (app, *widgets))
        quiet = 0 if has_messages or not app.is_settled else quiet + 1
        if quiet == QUIET_HOPS:
            return


def _live(source: Source) -> TuitrainApp:
    return TuitrainApp(source, _no_time, refreshes=False)


def _recording(folder: Path) -> TuitrainApp:
    recording = RecordPlayer(folder)
    recording.go(recording.last)
    deck = RecordingDeck(recording, record=folder)
    return TuitrainApp(recording, _no_time, refreshes=False, deck=deck)


def _no_time() -> float:
    """Return the time of a clock that does not run, so that animations are at their start."""
    return 0.0


@contextmanager
def _plain_environment() -> Iterator[None]:
    """Draw in colors, and leave the process as it was."""
    interval = sys.getswitchinterval()
    no_color = os.environ.pop("NO_COLOR", None)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        if no_color is not None:
            os.environ["NO_COLOR"] = no_color
