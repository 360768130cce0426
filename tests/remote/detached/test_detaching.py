"""Leaving a run so that it continues: a checkpoint, then a process of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tuitrain.app.app import TuitrainApp
from tuitrain.app.framework import runner
from tuitrain.app.launch import detaching, terminal_check
from tuitrain.cli import main
from tuitrain.errors import TuitrainError
from tuitrain.records.record_format import CommandLine, DigestLine, EndLine
from tuitrain.records.record_reader import read_journal
from tuitrain.remote.detached.host import host_scenario
from tuitrain.remote.local.live_entry import RunFacts
from tuitrain.run.snapshot import Phase
from tuitrain.scenario.load import loads

SCENARIO = """
schema = 1
name = "left"
model = "mlp"
data = "mnist-mini"
batch_size = 64
epochs = 2000
optimizer = { name = "sgd", lr = 0.05 }
"""


def leave_with(*keys: str):
    """Return a stand-in for the screen that presses keys once the run has begun."""

    async def drive(app: TuitrainApp) -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            while app.source.snapshot().phase is Phase.STARTING or not app.source.snapshot().step:
                await pilot.pause()
            app.poll()
            await pilot.press("escape", *keys)
            while app.is_running:
                await pilot.pause()

    return lambda app: asyncio.run(drive(app))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of the processes that would be started."""
    calls: list[list[str]] = []

    def start(words: list[str], folder: Path, _: object) -> RunFacts:
        calls.append(words)
        return RunFacts("0123abcd", "left", str(folder), 1)

    monkeypatch.setattr(detaching, "start_detached", start)
    monkeypatch.setattr(terminal_check, "check_terminal", lambda *_: None)
    return calls


@pytest.mark.parametrize(("keys", "options"), [("qd", []), (" qd", ["--paused"])])
def test_a_detached_run_has_a_checkpoint_and_continues(
    keys: str,
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: list[list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, folder = tmp_path / "left.toml", tmp_path / "record"
    file.write_text(SCENARIO)
    pressed = ["space" if key == " " else key for key in keys]
    monkeypatch.setattr(runner, "run_app", leave_with(*pressed))
    assert main(["run", str(file), "--out", str(folder)]) == 0
    lines = read_journal(folder)
    (saved,) = [
        line
        for line in lines
        if isinstance(line, CommandLine) and line.command == "checkpoint detached"
    ]
    assert saved.outcome == "applied"
    if not isinstance(lines[-1], DigestLine):  # recorded at this step anyway
        assert isinstance(lines[-1], EndLine)
        assert lines[-1].reason == "left"
    assert list((folder / "checkpoints").glob("detached.npz"))
    assert started == [["resume", "--hosted", *options, str(folder)]]
    assert "detached: it runs as 0123abcd" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "line", "problem"),
    [
        ("run", 'data = "none.csv"', "none.csv"),
        ("left.toml", 'data = "mnist-mini"', "cannot be written"),
    ],
)
def test_a_run_that_cannot_be_built_is_an_error_of_its_start(
    out: str, line: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "left.toml"
    file.write_text(SCENARIO.replace('data = "mnist-mini"', line))
    assert main(["run", "--detach", "--out", str(tmp_path / out), str(file)]) == 2
    printed = capsys.readouterr()
    assert problem in printed.err
    assert not printed.out


def test_a_run_that_could_not_be_built_leaves_no_folder(tmp_path: Path) -> None:
    scenario = loads(SCENARIO.replace("mnist-mini", "none.csv"), "left.toml")
    with pytest.raises(TuitrainError, match=r"none\.csv"):
        host_scenario(scenario, "left.toml", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_stopped_starts_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[list[str]]
) -> None:
    file = tmp_path / "left.toml"
    file.write_text(SCENARIO)
    monkeypatch.setattr(runner, "run_app", leave_with("q", "s"))
    assert main(["run", str(file), "--out", str(tmp_path / "record")]) == 0
    assert started == []
