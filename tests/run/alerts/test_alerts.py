"""When a run gives alerts: at its end, where it pauses by itself, when it fails."""

import json
import sys
from pathlib import Path

import pytest

from tests.engines.conftest import make_engine
from tuitrain.cli import main
from tuitrain.commands import parse
from tuitrain.run.alerts.alert import Alert, set_alert_taker
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo

SCENARIO = """
schema = 1
name = "small"
model = "tests.scenario.small:model"
data = "tests.scenario.small:data"
batch_size = 8
steps = 20
[optimizer]
name = "sgd"
lr = 0.1
[[at]]
step = 3
do = "when loss > x0.001 do lr * x0.5"
"""


@pytest.fixture
def taken():
    """The alerts of the sessions that are made in the test."""
    alerts: list[Alert] = []
    set_alert_taker(alerts.append)
    yield alerts
    set_alert_taker()


def make(total: int = 20) -> Session:
    engine = make_engine()
    return Session(engine, RunInfo("test", "small", "digits", 0, 8, engine.steps_per_epoch, total))


def run_on(session: Session) -> None:
    while session.phase is Phase.RUNNING:
        session.run_burst()


def test_the_end_is_one_alert(taken):
    session = make()
    run_on(session)
    session.end("finished")
    (alert,) = taken
    assert (alert.event, alert.title, alert.step) == ("end", "test has finished", 20)
    assert alert.text.startswith("at step 20, loss ")
    assert "accuracy" in alert.metrics


def test_breakpoints_and_used_up_rules_are_alerts(taken):
    session = make()
    session.apply_command(parse("break when grad_norm conv > 0"), "api", 1)
    session.apply_command(parse("when grad_norm fc > 0 do rewind by 1"), "api", 1)
    run_on(session)
    (alert,) = taken
    assert (alert.event, alert.title) == ("break", "test has paused")
    assert alert.text == session.journal.entries()[-1].message
    session.phase = Phase.RUNNING
    run_on(session)
    assert [one.event for one in taken] == ["break", "end"]


def test_a_pause_of_a_rule_is_an_alert(taken):
    session = make()
    session.apply_command(parse("when grad_norm fc > 0 do pause"), "api", 1)
    run_on(session)
    (alert,) = taken
    assert (alert.event, alert.title) == ("break", "test has paused")
    assert alert.text.startswith("paused before step 1 is applied: when grad_norm fc > 0, use 1 of")
    assert session.breakpoint_reason == alert.text


def test_the_alert_of_a_run_that_does_not_wait_says_that_it_continues(taken):
    session = make()
    session.wait_at_pauses(lambda: False)
    session.apply_command(parse("break when grad_norm conv > 0"), "api", 1)
    session.run_burst()
    (alert,) = taken
    assert alert.title == "test has met a condition, and continues"
    assert alert.text.startswith("no pause before step 1 is applied, without a viewer: grad_norm")


def test_a_stop_is_an_alert_and_leaving_is_none(taken):
    session = make()
    session.apply_command(parse("stop"), "api", 1)
    assert [(one.event, one.title) for one in taken] == [("end", "test was stopped")]
    make().end("left")
    assert len(taken) == 1


def test_a_failure_says_why(taken):
    make().end("failed", "step 3: ValueError: no such index")
    (alert,) = taken
    assert (alert.event, alert.title) == ("failure", "test has failed")
    assert alert.text == "step 3: ValueError: no such index"


def test_a_headless_run_tells_the_command_of_the_configuration(tmp_path: Path, monkeypatch):
    script, out = tmp_path / "write.py", tmp_path / "out.jsonl"
    script.write_text(
        "import json, sys\n"
        "with open(sys.argv[1], 'a') as file:\n"
        "    file.write(json.dumps(sys.argv[2:]) + '\\n')\n"
    )
    folder = tmp_path / "tuitrain"
    folder.mkdir()
    command = json.dumps([sys.executable, str(script), str(out)])
    (folder / "config.toml").write_text(f"[notify]\ncommand = {command}\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "small.toml"
    path.write_text(SCENARIO)
    closing = []
    monkeypatch.setattr("atexit.register", closing.append)
    try:
        assert main(["run", "--headless", str(path), "--out", str(tmp_path / "run")]) == 0
        assert main(["replay", str(tmp_path / "run")]) == 0
    finally:
        set_alert_taker()
    (close,) = [one for one in closing if getattr(one, "__name__", "") == "close"]
    close(20.0)
    titles = [json.loads(line)[0] for line in out.read_text().splitlines()]
    assert titles[0] == "small has finished"
