"""The apps for random input: over a live run, a record, and the start screen.

They cannot be closed, write only below their folder, and count faults.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from tests.run_folders import flown, left_behind
from tuitrain.app.app import TuitrainApp
from tuitrain.app.framework.guarded_app import GuardedApp
from tuitrain.app.screens.deck import history_actions
from tuitrain.app.screens.deck.recording_deck import RecordingDeck
from tuitrain.app.start_app import StartApp
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.logs.log_capture import LogCapture
from tuitrain.run.progress import ProgressCallback
from tuitrain.run.session import Session
from tuitrain.scenario.build import make_run_info
from tuitrain.scenario.bundled import bundled_scenarios
from tuitrain.scenario.live_expectations import build_with_expectations
from tuitrain.scenario.load import loads
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.runs.run_list import list_runs
from tuitrain.scenario.verify import make_header

SCENARIO: Final = """
schema = 1
name = "for a monkey"
model = "mlp"
data = "mnist-mini"
steps = 3000
batch_size = 32
[optimizer]
name = "adam"
lr = 0.001
[[group]]
name = "fc"
params = ["fc*"]
[[group]]
name = "head"
params = ["*"]
[[at]]
step = 5
do = ["checkpoint first", "lr fc x0.5"]
"""

MAX_BYTES: Final = 50_000_000
"""The most bytes that an episode may write; it ends there."""

World: TypeAlias = str
WORLDS: Final[tuple[World, ...]] = ("run", "read-only", "recording", "start")


@dataclass
class Cage:
    """An app that cannot be closed, and the number of attempts."""

    app: GuardedApp
    left: int = 0

    def __post_init__(self) -> None:
        self.app.exit = self._leave  # type: ignore[method-assign]
        self.app.log_fault = self.app.unlogged_faults.append  # type: ignore[method-assign]

    def _leave(self, *value: object, **named: object) -> None:
        self.left += 1


@contextmanager
def opened(world: World, folder: Path) -> Iterator[Cage]:
    """Yield an app whose files and working directory are below a folder."""
    runs = folder / "runs"
    flown(runs / "a", 60, 0.2, name="tuesday")
    flown(runs / "b", 40, name="[/] monday :fire:")
    left_behind(runs / "c", name="left")
    before = Path.cwd()
    os.chdir(folder)
    try:
        with ExitStack() as files, saving_below(folder):
            yield Cage(_open(world, folder, files))
    finally:
        os.chdir(before)


def _open(world: World, folder: Path, files: ExitStack) -> GuardedApp:
    runs, config = folder / "runs", folder / "config.toml"
    if world == "start":
        return StartApp(bundled_scenarios(), lambda: list_runs(runs), runs, config)
    if world == "recording":
        recording = RecordPlayer(runs / "a")
        deck = RecordingDeck(recording, record=runs / "a")
        app = TuitrainApp(recording, config=config, deck=deck)
    else:
        run, output = _live(folder / "record", files)
        app = TuitrainApp(
            run,
            record=folder / "record",
            config=config,
            read_only=world == "read-only",
            output=output,
        )
        files.callback(run.close)
        run.start()
    app.deck.compare_with(runs)
    return app


def _live(record: Path, files: ExitStack) -> tuple[LiveRun, LogCapture]:
    scenario, output = loads(SCENARIO, "monkey.toml"), LogCapture()

    def build(on_event: ProgressCallback) -> Session:
        return build_with_expectations(
            scenario, "monkey.toml", on_event, RecordWriter(record, make_header(scenario), files)
        )

    files.enter_context(output.capture())
    return LiveRun(build, make_run_info(scenario), log=output), output


@contextmanager
def saving_below(folder: Path) -> Iterator[None]:
    """Restrict the save dialog to files below a folder."""
    save = history_actions.save_run

    def save_below(source: Path, target: Path, overwrite: bool = False) -> None:
        if target.resolve().is_relative_to(folder.resolve()):
            save(source, target, overwrite)

    history_actions.save_run = save_below
    try:
        yield
    finally:
        history_actions.save_run = save


def tidy(folder: Path) -> bool:
    """Remove exported files; return whether there is room to continue."""
    for item in folder.iterdir():
        if item.is_file() and item.suffix in (".csv", ".svg", ".png", ".toml", ".py"):
            item.unlink()
    return sum(item.stat().st_size for item in folder.rglob("*") if item.is_file()) < MAX_BYTES
