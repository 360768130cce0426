"""Every end of a run: its output, its files and its exit status.

The rows are those of ``docs/reference/exit-status.md``.
"""

import os
import signal
from pathlib import Path

import pytest
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

from tests.engines.patching import wrap_evaluate
from tests.scenario import small
from tests.scenario.small import TEXT
from tuitrain.app.framework import runner
from tuitrain.app.launch import scenarios, terminal_check
from tuitrain.app.start_app import StartApp
from tuitrain.app.start_choice import RunScenario
from tuitrain.cli import main
from tuitrain.cli.status import report_error
from tuitrain.errors import NoSuchRunError, RunFailedError, TerminatedError
from tuitrain.records.record_reader import HEADER, JOURNAL
from tuitrain.remote.errors import ConnectionProblem, FarewellProblem, ProtocolError
from tuitrain.remote.snapshots.errors import RemoteDataError

PATIENCE = 60.0
ROOT = Path(__file__).parent.parent.parent
STEPS = TEXT[: TEXT.index("[[at]]")]


class OddError(Exception):
    """An error of the user's own."""


def _failing(error: type[BaseException]):
    return type("Failing", (small.Tired,), {"error": error})


@pytest.fixture(autouse=True)
def failing_models(monkeypatch):
    for error in (ValueError, MemoryError, SystemExit, KeyboardInterrupt, OddError):
        monkeypatch.setattr(small, f"Fails{error.__name__}", _failing(error), raising=False)


def written(tmp_path, text: str) -> str:
    path = tmp_path / "x.toml"
    path.write_text(text)
    return str(path)


def failing(error: type[BaseException]) -> str:
    return STEPS.replace("small:model", f"small:Fails{error.__name__}")


def assert_only_lines_of_the_user(output: str) -> None:
    """Check that a traceback is of the user's own code alone."""
    files = [line for line in output.splitlines() if line.startswith('  File "')]
    assert files, output
    assert not [line for line in files if "/tuitrain/" in line or "/tuitrain_core/" in line]


ENDINGS = [
    ("", 0),
    ('[[at]]\nstep = 5\ndo = "stop"\n', 0),
    ('[[at]]\nstep = 5\ndo = "break when grad_norm fc > 0"\n', 0),
    ('[[expect]]\nepoch = 3\ntest_accuracy = "> 1"\n', 1),
    ('[[at]]\nstep = 5\ndo = "freeze nothing"\n', 2),
    ('[[at]]\nstep = 5\ndo = "freez fc"\n', 2),
    ('[[at]]\nstep = 50\ndo = "freeze fc"\n', 2),
]


@pytest.mark.parametrize(("more", "status"), ENDINGS)
@pytest.mark.parametrize("command", [["replay"], ["run", "--headless"], ["replay", "--json"]])
def test_a_run_without_a_screen(more, status, command, tmp_path, capsys):
    assert main([*command, written(tmp_path, STEPS + more)]) == status
    assert bool(capsys.readouterr().err) == (status == 2)


@pytest.mark.parametrize("error", [ValueError, MemoryError, SystemExit, OddError])
def test_a_step_that_raises_fails_the_run_and_leaves_its_record(error, tmp_path, capsys):
    path, out = written(tmp_path, failing(error)), tmp_path / "run"
    assert main(["run", "--headless", "--out", str(out), path]) == 1
    output = capsys.readouterr().err
    assert f"{path}: step 15: {error.__name__}: enough (small.py, line " in output
    assert 'raise self.error("enough")' in output
    assert_only_lines_of_the_user(output)
    assert (out / HEADER).exists()


def test_the_worst_of_several_files_counts(tmp_path, capsys):
    good, bad = written(tmp_path, STEPS), tmp_path / "bad.toml"
    bad.write_text(STEPS.replace("lr = 0.1", "lr = -1"))
    failed = tmp_path / "failed.toml"
    failed.write_text(failing(ValueError))
    assert main(["replay", good, str(failed), good]) == 1
    assert main(["replay", str(bad), str(failed), good]) == 2


def test_an_evaluation_that_raises_fails_the_run(tmp_path, capsys, monkeypatch):
    """The run is stopped within an epoch, and measured only when it has ended."""

    def broken(_) -> float:
        raise ValueError("no evaluation")

    wrap_evaluate(monkeypatch, lambda evaluate: broken)
    text = STEPS + '[[at]]\nstep = 5\ndo = "stop"\n'
    assert main(["replay", written(tmp_path, text)]) == 1
    output = capsys.readouterr().err
    assert "x.toml: step 6: ValueError: no evaluation" in output
    assert 'raise ValueError("no evaluation")' in output
    assert_only_lines_of_the_user(output)


def test_an_error_in_a_rewind_prints_the_traceback_of_the_user(tmp_path, capsys):
    text = failing(ValueError) + '[[at]]\nstep = 9\ndo = "rewind 1"\n'
    assert main(["replay", written(tmp_path, text)]) == 1
    output = capsys.readouterr().err
    assert "ValueError: enough" in output
    assert_only_lines_of_the_user(output)


@pytest.fixture
def screen(monkeypatch):
    """Stand in for the screen: it is left as soon as the run has ended."""
    monkeypatch.setattr(terminal_check, "check_terminal", lambda *_: None)

    def left(app):
        app.source.join(PATIENCE)

    monkeypatch.setattr(runner, "run_app", left)


@pytest.mark.parametrize(
    ("text", "status", "output"),
    [
        (STEPS, 0, ""),
        (STEPS + '[[at]]\nstep = 5\ndo = "stop"\n', 0, ""),
        (STEPS + '[[expect]]\nepoch = 3\ntest_accuracy = "> 1"\n', 0, ""),
        (
            failing(ValueError),
            1,
            "the run has failed: step 15: ValueError: enough (small.py, line ",
        ),
        (failing(MemoryError), 1, "the run has failed: step 15: MemoryError: enough"),
        (failing(SystemExit), 1, "the run has failed: step 15: SystemExit: enough"),
        (failing(KeyboardInterrupt), 1, "the run has failed: step 15: KeyboardInterrupt: enough"),
        (STEPS.replace("small:data", "small:broken"), 2, "broken() failed: OSError: the disk is"),
        (STEPS.replace("tests.scenario.small:data", "idx:/nowhere"), 2, "data: "),
        (STEPS + '[[at]]\nstep = 5\ndo = "lr had 1"\n', 2, "[[at]] number 1, step 5: 'lr had 1'"),
    ],
)
def test_the_app_exits_with_the_status_of_its_run(text, status, output, tmp_path, capsys, screen):
    out = tmp_path / "run"
    assert main(["run", "--out", str(out), written(tmp_path, text)]) == status
    err = capsys.readouterr().err
    assert output in err
    assert (f"recorded in {out}" in err) == (status != 2) == out.exists()
    if status == 1:
        assert "enough" in (out / "output.log").read_text(), "the log has the traceback"


def test_resuming_a_failed_run_fails_again(tmp_path, capsys, screen):
    out = tmp_path / "run"
    text = failing(ValueError)
    assert main(["run", "--headless", "--out", str(out), written(tmp_path, text)]) == 1
    with pytest.raises(RunFailedError, match="step 15: ValueError: enough"):
        scenarios.resume_run(out)
    assert main(["resume", str(out)]) == 1
    assert (out / JOURNAL).exists()


def choosing(monkeypatch, *choices) -> None:
    """Let these be chosen on the start screen, then nothing; runs are left when they end."""
    left = list(choices)

    def run(app):
        if isinstance(app, StartApp):
            return left.pop(0) if left else None
        return app.source.join(PATIENCE) and None

    monkeypatch.setattr(runner, "run_app", run)


def test_the_start_screen_exits_with_1_if_one_of_its_runs_failed(
    tmp_path, capsys, monkeypatch, screen
):
    monkeypatch.setattr(scenarios, "new_run_folder", lambda name: tmp_path / name)
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(STEPS.replace('"small"', '"good"'))
    bad.write_text(failing(ValueError).replace('"small"', '"bad"'))
    choosing(monkeypatch, RunScenario(bad, ()), RunScenario(good, ()))
    assert main(["start", "--runs", str(tmp_path)]) == 1
    assert "the run has failed: step 15: ValueError" in capsys.readouterr().err
    choosing(monkeypatch, RunScenario(tmp_path / "none.toml", ()))
    assert main(["start", "--runs", str(tmp_path)]) == 0


class Crashing(App[None]):
    """Raises as soon as it is there."""

    def on_ready(self) -> None:
        raise ValueError("no such widget")


def test_a_crash_of_the_screen_is_not_recorded_as_an_orderly_end(capsys):
    with pytest.raises(RunFailedError, match="the screen has failed: ValueError: no such widget"):
        runner.run_app(Crashing(driver_class=HeadlessDriver))


@pytest.mark.parametrize("kind", ["run", "open"])
def test_a_crash_of_the_screen_exits_with_1(kind, tmp_path, capsys, monkeypatch, screen):
    def crash(app):
        if kind == "run":
            app.source.join(PATIENCE)
        raise RunFailedError("the screen has failed: KeyError: 'x'")

    out, path = tmp_path / "run", written(tmp_path, STEPS)
    if kind == "open":
        assert main(["run", "--headless", "--out", str(out), path]) == 0
    monkeypatch.setattr(runner, "run_app", crash)
    arguments = ["open", str(out)] if kind == "open" else ["run", "--out", str(out), path]
    assert main(arguments) == 1
    assert "tuitrain: the screen has failed: KeyError: 'x'\n" in capsys.readouterr().err
    assert (out / HEADER).exists()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_closes_the_screen_and_is_named(number, status):
    class Ended(App[None]):
        down = False

        def on_ready(self) -> None:
            os.kill(os.getpid(), number)

        def on_unmount(self) -> None:
            self.down = True

    app = Ended(driver_class=HeadlessDriver)
    with pytest.raises(KeyboardInterrupt) as ending:
        runner.run_app(app)
    assert app.down
    assert getattr(ending.value, "status", 130) == status


def test_help_and_documents_name_every_status(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    epilog = capsys.readouterr().out
    page = (ROOT / "docs" / "reference" / "exit-status.md").read_text()
    for status in ("0", "1", "2", "130"):
        assert f"\n  {status} " in epilog
        assert f"| {status} |" in page
    assert TerminatedError(signal.SIGTERM).status == 143
    assert "| 143 |" in page


@pytest.mark.parametrize(
    "kind", [NoSuchRunError, ConnectionProblem, FarewellProblem, ProtocolError, RemoteDataError]
)
def test_a_live_run_that_cannot_be_reached_or_understood_exits_with_3(kind, capsys):
    assert report_error(kind("the run lenet has gone")) == 3
    assert capsys.readouterr().err == "tuitrain: the run lenet has gone\n"


def test_an_attach_to_no_live_run_exits_with_3(monkeypatch, capsys):
    monkeypatch.setattr("tuitrain.app.launch.terminal_check.check_terminal", lambda *_: None)
    assert main(["attach", "none-such"]) == 3
    assert "no run is live" in capsys.readouterr().err
