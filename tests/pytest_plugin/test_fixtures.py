"""The fixtures: runs that are replayed, and screens that are drawn."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.scenario.small import TEXT
from tuitrain.records.record_writer import RecordWriter
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.verify import make_header

if TYPE_CHECKING:
    from tuitrain.pytest_plugin.drawn_screen import DrawScreen
    from tuitrain.pytest_plugin.replayed_run import ReplayScenario

ROOT = Path(__file__).parents[2]


def test_a_replayed_run_has_its_findings_commands_and_curves(replay_scenario: ReplayScenario):
    run = replay_scenario(TEXT)
    assert run.ok, run.report
    assert [entry.command for entry in run.commands] == ["freeze fc", "lr head 0.2"]
    assert all(finding.held for finding in run.findings)
    assert list(run.loss.steps) == list(range(1, 22))
    assert run.metrics["accuracy"] >= 0
    assert run.train_loss < 10
    assert run.digest.startswith("sha256:")


def test_looking_at_a_run_changes_no_bit_of_it(replay_scenario: ReplayScenario):
    plain = list(replay(loads(TEXT, "small"), "small"))[-1]
    assert replay_scenario(TEXT).events[-1] == plain


def test_a_run_can_end_early(replay_scenario: ReplayScenario):
    run = replay_scenario(loads(TEXT, "small"), until=10)
    assert run.snapshot.step == 10
    assert len(run.loss) == 10
    assert not run.ok


def test_a_scenario_that_fails_is_one_sentence(replay_scenario: ReplayScenario):
    with pytest.raises(pytest.fail.Exception, match="no such file") as caught:
        replay_scenario("scenarios/lr-to-zeroo.toml")
    assert not caught.value.pytrace
    with pytest.raises(pytest.fail.Exception, match="the scenario of this test: epoks: no such"):
        replay_scenario(TEXT.replace("epochs", "epoks"))
    with pytest.raises(pytest.fail.Exception, match="ArithmeticError: enough"):
        replay_scenario(TEXT.replace("small:model", "small:Tired"))


def test_a_screen_is_the_same_each_time(replay_scenario: ReplayScenario, draw_screen: DrawScreen):
    first, second = (draw_screen(replay_scenario(TEXT)) for _ in range(2))
    assert first == second
    rows = first.text.splitlines()
    assert len(rows) == 36
    assert max(map(len, rows)) <= 120
    assert "small" in rows[0]
    assert "frozen" in first.text
    assert "<svg" in first.svg
    assert "@font-face" not in first.svg  # which a browser would fetch


def test_a_screen_has_the_size_and_the_keys_of_the_test(
    replay_scenario: ReplayScenario, draw_screen: DrawScreen
):
    run = replay_scenario(TEXT, until=10)
    small = draw_screen(run, size=(80, 24))
    assert len(small.text.splitlines()) == 24
    assert max(map(len, small.text.splitlines())) <= 80
    assert "Freeze" in draw_screen(run, keys=["question_mark"]).text


async def test_a_screen_is_drawn_within_a_loop(
    replay_scenario: ReplayScenario, draw_screen: DrawScreen
):
    assert "small" in draw_screen(replay_scenario(TEXT, until=7)).text


def test_the_screen_of_a_record_is_drawn(draw_screen: DrawScreen, tmp_path: Path):
    scenario = loads(TEXT, "small")
    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "run", make_header(scenario, "small"), files)
        list(replay(scenario, "small", recorder=recorder))
    assert "recording" in draw_screen(tmp_path / "run").text.lower()
    with pytest.raises(pytest.fail.Exception, match="no run"):
        draw_screen(tmp_path)
