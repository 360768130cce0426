"""`--paused`: a run waits before its first step, where a user can resume it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuitrain.app.app import TuitrainApp
from tuitrain.app.framework import runner
from tuitrain.app.launch import terminal_check
from tuitrain.cli import main
from tuitrain.records.record_format import CommandLine
from tuitrain.records.record_reader import read_journal
from tuitrain.run.snapshot import Phase

SCENARIO = """
schema = 1
name = "paused"
model = "mlp"
data = "mnist-mini"
batch_size = 64
epochs = 2
optimizer = { name = "sgd", lr = 0.05 }
at = [{ step = 0, do = "lr * x0.5" }]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "paused.toml"
    path.write_text(SCENARIO)
    return path


def test_the_app_shows_a_run_before_its_first_step(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[Phase, int]] = []

    def look(app: TuitrainApp) -> None:
        while app.source.snapshot().phase is Phase.STARTING:
            pass
        snapshot = app.source.snapshot()
        shown.append((snapshot.phase, snapshot.step))

    monkeypatch.setattr(runner, "run_app", look)
    monkeypatch.setattr(terminal_check, "check_terminal", lambda *_: None)
    folder = tmp_path / "run"
    assert main(["run", "--paused", "--out", str(folder), str(scenario)]) == 0
    assert shown == [(Phase.PAUSED, 0)]
    lines = [line for line in read_journal(folder) if isinstance(line, CommandLine)]
    assert [(line.command, line.actor) for line in lines] == [
        ("lr * x0.5", "scenario"),
        ("pause", "api"),
    ]
    assert main(["replay", str(folder)]) == 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["run", "--paused", "--headless"], "and not with --headless"),
        (["run", "--paused", "--read-only"], "which refuses to resume"),
        (["serve", "--paused", "--attach", "x"], "go with a new one"),
        (["resume", "--paused", "folder"], "--paused goes with --detach"),
    ],
)
def test_where_no_user_can_resume_it_is_refused(
    words: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert part in capsys.readouterr().err
