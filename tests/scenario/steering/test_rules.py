"""The record of a run with rules: repeated, resumed inside of a rule, saved as a scenario."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.scenario.test_resume import HEAD, fly, go_on, left_in
from tests.scenario.test_verify import nothing, record
from tuitrain.errors import ScenarioError
from tuitrain.records.record_reader import JOURNAL, read_journal
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.repetition import command_entries
from tuitrain.scenario.codegen import generate_program
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.save import recorded_scenario
from tuitrain.scenario.verify import make_header, verify_record

RULED = (
    HEAD
    + """
[[at]]
step = 120
do = "when grad_norm fc > 0 do rewind by 30; lr * x0.5; checkpoint mid; freeze fc; at most 2 times"
[[at]]
step = 300
do = "when accuracy >= 0 do lr head x0.9; at most 3 times"
"""
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, list]:
    folder = tmp_path_factory.mktemp("ruled") / "run"
    return folder, fly(RULED, folder)


def by_rules(folder: Path) -> list[tuple[int, str]]:
    entries = command_entries(read_journal(folder))
    return [(entry.step, entry.command) for entry in entries if entry.actor == "rule"]


def test_a_run_with_rules_repeats_identically(whole):
    folder, events = whole
    assert by_rules(folder)[:4] == [
        (120, "rewind by 30"),
        (90, "lr * x0.5"),
        (90, "checkpoint mid"),
        (90, "freeze fc"),
    ]
    assert events[-1].ok
    assert verify_record(folder, nothing, nothing).verdict.ok


def test_a_run_resumes_from_a_checkpoint_that_a_rule_has_made(whole):
    folder, events = whole
    before = left_in(folder)[JOURNAL]
    again = go_on(folder, name="mid")
    assert again[-1].digest == events[-1].digest
    assert left_in(folder)[JOURNAL] == before


def test_commands_of_a_user_come_again_behind_the_rules_that_they_followed(tmp_path):
    script = [
        (100, "when grad_norm fc > 0 do rewind by 60; lr * x0.5"),
        (20, "lr head 0.02"),
        (5, "rewind by 3"),
        (60, "freeze fc"),
    ]
    record(tmp_path / "run", script, HEAD)
    assert by_rules(tmp_path / "run")
    assert verify_record(tmp_path / "run", nothing, nothing).verdict.ok


def test_the_saved_scenario_has_what_the_rules_did_and_no_rules(whole):
    folder, events = whole
    saved = recorded_scenario(folder)
    assert all("when" not in str(entry.do) for entry in saved.at)
    assert list(replay(saved, "saved"))[-1].digest == events[-1].digest


def test_a_scenario_with_rules_is_no_python_program():
    with pytest.raises(ScenarioError, match="record a run of it"):
        generate_program(loads(RULED, "x.toml"), "x.toml")


def test_a_rule_that_cannot_be_set_is_an_error_before_the_first_step(tmp_path):
    text = RULED.replace("grad_norm fc > 0", "grad_norm absent > 0")
    scenario = loads(text, "x.toml")
    with ExitStack() as files, pytest.raises(ScenarioError, match="would be refused there"):
        recorder = RecordWriter(tmp_path / "run", make_header(scenario), files)
        list(replay(scenario, "x.toml", recorder=recorder))
