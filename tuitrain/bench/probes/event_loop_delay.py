"""Open the app on a scenario, and measure the delay of a timer in its event loop.

Usage, in a terminal: ``python -m tuitrain.bench.probes.event_loop_delay SCENARIO SECONDS FILE``.
FILE gets a JSON list of seconds, or a sentence that says why there are none.
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.resources import files
from pathlib import Path

from tuitrain.app.app import TuitrainApp
from tuitrain.run.live.live_run import LiveRun
from tuitrain.scenario.build import build, make_run_info
from tuitrain.scenario.load import load

PERIOD = 0.01
SETTLE_STEPS = 100


class LatenessApp(TuitrainApp):
    """The app with a timer whose delay is measured.

    Parameters
    ----------
    seconds : duration of the measurement, once the run has settled
    """

    CSS_PATH = str(
        files("tuitrain.app").joinpath("tuitrain.tcss")
    )  # relative to this file by default

    def __init__(self, run: LiveRun, seconds: float) -> None:
        super().__init__(run)
        self.delays: list[float] | str = "the app was closed before it had trained"
        self._seconds = seconds

    def on_mount(self) -> None:
        """Start the measurement (Textual calls the app's own handler too)."""
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while self.source.snapshot().step < SETTLE_STEPS:
            if self.source.snapshot().phase.ended:
                self.delays = self.source.snapshot().note
                self.exit()
                return
            await asyncio.sleep(PERIOD)
        self.delays = delays = []
        end = loop.time() + self._seconds
        while (due := loop.time() + PERIOD) < end:
            fired: asyncio.Future[float] = loop.create_future()
            loop.call_at(due, lambda fired=fired: fired.set_result(loop.time()))
            delays.append(await fired - due)
        self.exit()


def main() -> None:
    """Measure, and write the file."""
    path, seconds, out = Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    scenario = load(path)
    run = LiveRun(
        lambda on_progress: build(scenario, str(path), on_progress), make_run_info(scenario)
    )
    app = LatenessApp(run.start(), seconds)
    app.run()
    run.close()
    out.write_text(json.dumps(app.delays))


if __name__ == "__main__":
    main()
