"""Draw the screen of a real run as SVG, for the README.

    python scripts/draw_screenshot.py docs/screen.svg

LeNet is trained on the embedded digits with the commands below, up to the step that is drawn. The
picture is the same every time, except for the throughput of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time
from pathlib import Path

from tuitrain.app.app import TuitrainApp
from tuitrain.commands import AnyCommand
from tuitrain.run.snapshot import Actor, Phase, Snapshot
from tuitrain.scenario.build import build
from tuitrain.scenario.load import loads

SCENARIO = """
schema = 1
name = "first flight"
epochs = 20
[optimizer]
name = "sgd"
lr = 0.02
momentum = 0.9
[[group]]
name = "conv"
params = ["conv*"]
[[group]]
name = "fc"
params = ["*"]
lr = 0.01
[[at]]
step = 420
do = "optimizer fc adam lr=0.001"
[[at]]
step = 760
do = "freeze conv"
[[at]]
step = 980
do = "decay fc over 10 epochs"
"""
STEPS = 1204
SNAPSHOT_STEPS = 10
WATCHED = "fc1.weight"
SELECTED_ROW = 5  # the group fc, which has the watched parameter


class StaticSource:
    """A source with a single snapshot; it ignores commands."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def on_resume(self) -> None:
        """Do nothing: there is no clock to correct."""

    def snapshot(self) -> Snapshot:
        """Return the snapshot."""
        return self._snapshot

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Ignore the command."""
        del command, actor
        return 0

    def select_parameter(self, parameter: str | None) -> None:
        """Ignore the parameter: the snapshot has one already."""

    def close(self) -> None:
        """Do nothing: there is no thread."""


def train() -> Snapshot:
    """Train to the step that is drawn."""
    session = build(loads(SCENARIO, "draw_screenshot.py"), "draw_screenshot.py")
    started = time.perf_counter()
    while session.step < STEPS:
        session.apply_planned()
        session.run_burst(max_steps=min(SNAPSHOT_STEPS, STEPS - session.step))
        session.snapshot()  # as a screen does: it also records the groups' histories
    speed = session.step * session.engine.batch_size / (time.perf_counter() - started)
    session.phase = Phase.RUNNING
    return session.snapshot(1, WATCHED, speed)


async def draw(snapshot: Snapshot, width: int, height: int) -> str:
    """Return the screen as SVG."""
    app = TuitrainApp(StaticSource(snapshot))
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        await pilot.press(*["down"] * SELECTED_ROW)
        await pilot.pause()
        return app.export_screenshot(title="tuitrain")


def main() -> None:
    """Draw the screen into the file of the command line."""
    parser = argparse.ArgumentParser(description="Draw the screen of a real run as SVG.")
    parser.add_argument("target", type=Path, metavar="FILE", help="the SVG file to write")
    parser.add_argument("--width", type=int, default=120, help="columns (default: 120)")
    parser.add_argument("--height", type=int, default=36, help="rows (default: 36)")
    arguments = parser.parse_args()
    svg = asyncio.run(draw(train(), arguments.width, arguments.height))
    # Use the reader's monospaced font; a picture should fetch nothing from the network.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    arguments.target.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
