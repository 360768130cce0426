"""Draw the screen of a real run as SVG: the picture in the README.

    python scripts/draw_picture.py docs/screen.svg

LeNet is trained on the embedded digits with the commands below, up to the step that is drawn. But
for the speed, which is this machine's, the same picture comes out every time.
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
LOOK_EVERY = 10
WATCHED = "fc1.weight"
SELECTED_ROW = 5  # the group fc, whose largest parameter is watched


class Still:
    """A source that shows one snapshot, and takes no commands."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def on_resume(self) -> None:
        """Need not know."""

    def snapshot(self) -> Snapshot:
        """Return the one snapshot."""
        return self._snapshot

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Take no notice."""
        del command, actor
        return 0

    def select_parameter(self, parameter: str | None) -> None:
        """Take no notice."""

    def close(self) -> None:
        """There is nothing to end."""


def fly() -> Snapshot:
    """Train to the step that is drawn."""
    session = build(loads(SCENARIO, "draw_picture.py"), "draw_picture.py")
    started = time.perf_counter()
    while session.step < STEPS:
        session.apply_planned()
        session.run_burst(max_steps=min(LOOK_EVERY, STEPS - session.step))
        session.snapshot()  # as a screen would: the courses of the groups are noted then
    speed = session.step * session.engine.batch_size / (time.perf_counter() - started)
    session.phase = Phase.RUNNING
    return session.snapshot(1, WATCHED, speed)


async def draw(snapshot: Snapshot, width: int, height: int) -> str:
    """Return the screen as SVG."""
    app = TuitrainApp(Still(snapshot))
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        await pilot.press(*["down"] * SELECTED_ROW)
        await pilot.pause()
        return app.export_screenshot(title="tuitrain")


def main() -> None:
    """Draw the picture that the command line asks for."""
    parser = argparse.ArgumentParser(description="Draw the screen of a real run as SVG.")
    parser.add_argument("target", type=Path, metavar="FILE", help="the SVG file to write")
    parser.add_argument("--width", type=int, default=120, help="columns (default: 120)")
    parser.add_argument("--height", type=int, default=36, help="rows (default: 36)")
    arguments = parser.parse_args()
    svg = asyncio.run(draw(fly(), arguments.width, arguments.height))
    # The reader's own monospaced font does; a picture should not fetch one from elsewhere.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    arguments.target.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
