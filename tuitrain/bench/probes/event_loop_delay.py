"""Opens the app on a scenario, and writes down how late a timer fires in it.

Called in a terminal as ``python -m tuitrain.bench.probes.event_loop_delay SCENARIO SECONDS FILE``;
leaves a JSON list of seconds in FILE, or a text: why there are none.
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.resources import files
from pathlib import Path

from tuitrain.app.app import TuitrainApp
from tuitrain.run.live.live_run import LiveRun
from tuitrain.scenario.build import build, title_of
from tuitrain.scenario.load import load

PERIOD = 0.01
SETTLE_STEPS = 100


class LatenessApp(TuitrainApp):
    """The app, with a timer that looks at the clock.

    Parameters
    ----------
    seconds : how long it looks, once the run has settled
    """

    CSS_PATH = str(
        files("tuitrain.app").joinpath("tuitrain.tcss")
    )  # Textual would look for it in this folder

    def __init__(self, run: LiveRun, seconds: float) -> None:
        super().__init__(run)
        self.found: list[float] | str = "the app was closed before it had trained"
        self._seconds = seconds

    def on_mount(self) -> None:
        """Begin to look (Textual calls the app's own handler too)."""
        self.run_worker(self._look())

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self.source.snapshot().step < SETTLE_STEPS:
            if self.source.snapshot().phase.ended:
                self.found = self.source.snapshot().note
                self.exit()
                return
            await asyncio.sleep(PERIOD)
        self.found = late = []
        until = loop.time() + self._seconds
        while (due := loop.time() + PERIOD) < until:
            fired: asyncio.Future[float] = loop.create_future()
            loop.call_at(due, lambda fired=fired: fired.set_result(loop.time()))
            late.append(await fired - due)
        self.exit()


def main() -> None:
    """Measure."""
    path, seconds, out = Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    scenario = load(path)
    run = LiveRun(lambda tell: build(scenario, str(path), tell), title_of(scenario))
    app = LatenessApp(run.start(), seconds)
    app.run()
    run.close()
    out.write_text(json.dumps(app.found))


if __name__ == "__main__":
    main()
