"""Random input within the process: events are posted directly to the app, without waiting."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
import traceback
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from textual import events
from textual.geometry import Size

from tuitrain.app.framework.guarded_app import GuardedApp
from tuitrain.app.terminal import key_name

from .moves import LARGEST, SMALLEST, Mouse, Move, Pasted, Press, Sized, moves
from .worlds import World, opened, tidy

MAX_WAITING: Final = 200
"""The most events that wait for the app; a terminal's buffer is limited too."""

LATE: Final = 0.7
"""The share of bursts during which nothing is painted, as on a slow machine.
Otherwise painting takes 90 % of the time."""

STALLED: Final = 60.0
"""Seconds after which an app that takes no events counts as hung."""

_MOUSE: Final = {
    "move": events.MouseMove,
    "down": events.MouseDown,
    "up": events.MouseUp,
    "wheel_up": events.MouseScrollUp,
    "wheel_down": events.MouseScrollDown,
}
_WRITES: Final = {key_name(item): item for item in map(chr, range(32, 127))} | {"enter": "\r"}
"""The characters of keys, by their names."""


@dataclass
class Episode:
    """The result of one episode."""

    world: World
    seed: int
    events: int = 0
    exits: int = 0
    faults: int = 0
    asked_to_leave: int = 0
    reports: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.exits and not self.faults


async def play(world: World, seed: int, count: int, seconds: float = 600.0) -> Episode:
    """Send ``count`` random events to a world, within a time limit."""
    chance = random.Random(seed)
    episode = Episode(world, seed)
    size = chance.choice([SMALLEST, (120, 36), LARGEST])
    folder = tempfile.TemporaryDirectory(prefix="tuitrain-monkey-")
    with folder as at, opened(world, Path(at)) as cage:
        app = cage.app
        try:
            async with app.run_test(size=size, notifications=True, tooltips=True):
                await _let_loose(app, episode, count, time.monotonic() + seconds, Path(at))
        except Exception:
            episode.exits += 1
            episode.reports.append(traceback.format_exc())
        episode.faults = app.faults.total
        episode.asked_to_leave = cage.left
        episode.reports += app.unlogged_faults
    return episode


async def _let_loose(
    app: GuardedApp, episode: Episode, count: int, until: float, folder: Path
) -> None:
    chance = random.Random(-episode.seed)
    stream = moves(episode.seed)
    while episode.events < count and time.monotonic() < until:
        late = chance.random() < LATE
        with app.batch_update() if late else nullcontext():
            for _ in range(chance.choice([1, 3, 10, 40, 100])):
                app.post_message(_event(next(stream)))
                episode.events += 1
            await _catch_up(app, 0 if late else MAX_WAITING)
        if episode.events % 997 < 40 and not tidy(folder):
            return
        await asyncio.sleep(chance.choice([0, 0, 0, 0.001, 0.02]))
        if not app.is_running:
            raise RuntimeError("the app has ended")


async def _catch_up(app: GuardedApp, maximum: int) -> None:
    """Wait until at most this many events are queued."""
    waiting, moved_at = app.queued_inputs, time.monotonic()
    while app.queued_inputs > maximum:
        await asyncio.sleep(0.001)
        if app.queued_inputs != waiting:
            waiting, moved_at = app.queued_inputs, time.monotonic()
        elif time.monotonic() - moved_at > STALLED:
            raise RuntimeError(f"the app has taken no event for {STALLED:.0f} s")


def _event(move: Move) -> events.Event:
    match move:
        case Press(key):
            name = key_name(key) if len(key) == 1 else key
            return events.Key(name, key if len(key) == 1 else _WRITES.get(key))
        case Mouse(what, x, y):
            return _MOUSE[what](None, x, y, 0, 0, 1 if what != "move" else 0, False, False, False)
        case Pasted(text):
            return events.Paste(text)
        case Sized(columns, rows):
            size = Size(columns, rows)
            return events.Resize(size, size)
