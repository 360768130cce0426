"""Signals that end a headless run: files are closed, and the exit status names the signal."""

import os
import signal

import pytest
from rich.progress import Progress

from tests.scenario.small import TEXT
from tuitrain.cli import main
from tuitrain.scenario.report import ProgressBar


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(TEXT)
    return str(path)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_run_ended_by_a_signal_says_so_and_can_be_resumed(
    number, status, scenario, tmp_path, monkeypatch, capsys
):
    steps, stop, left = ProgressBar.set_steps, Progress.stop, []

    def end_at_step_14(self, taken: int) -> None:
        steps(self, taken)
        if taken == 14:
            os.kill(os.getpid(), number)

    def taken_away(self) -> None:
        left.append(self)
        stop(self)

    monkeypatch.setattr(ProgressBar, "set_steps", end_at_step_14)
    monkeypatch.setattr(Progress, "stop", taken_away)
    assert main(["run", "--headless", "--out", str(tmp_path / "run"), scenario]) == status
    assert capsys.readouterr().err == "tuitrain: interrupted\n"
    assert left, "the bar is taken away, and the cursor comes back"
    monkeypatch.undo()
    assert main(["resume", str(tmp_path / "run")]) == 0
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_ignored_signals_stay_ignored(scenario, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    steps = ProgressBar.set_steps

    def hang_up(self, taken: int) -> None:
        steps(self, taken)
        os.kill(os.getpid(), signal.SIGHUP)

    monkeypatch.setattr(ProgressBar, "set_steps", hang_up)
    try:
        assert main(["replay", scenario]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
