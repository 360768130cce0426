"""Scenarios as tests: their names, one run for all of them, failures, marks and selections."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenario.small import TEXT
from tuitrain.pytest_plugin import scenario_run
from tuitrain.run.snapshot import JournalEntry
from tuitrain.scenario.events import Ended, Finding
from tuitrain.scenario.load import loads

from .conftest import COUNTED, MODEL

NAMES = [
    "runs to its end",
    "epoch 1: fc changed since epoch 0",
    "epoch 3: fc* unchanged since epoch 1",
    "epoch 3: no gradient for fc*",
    "epoch 3: lr of head is 0.2",
    "epoch 3: train_loss < 10",
    "epoch 3: test_accuracy >= 0",
]


def change(project: pytest.Pytester, old: str, new: str) -> None:
    """Change the scenario of a project."""
    assert old in COUNTED
    (project.path / "scenarios" / "small.toml").write_text(COUNTED.replace(old, new))


def output(result: pytest.RunResult) -> str:
    text = result.stdout.str()
    assert "Traceback" not in text
    return text


def test_each_expectation_is_a_test(project: pytest.Pytester):
    listed = project.runpytest("--collect-only", "-q").stdout.str()
    assert [f"scenarios/small.toml::{name}" for name in NAMES] == listed.splitlines()[:7]


def test_one_run_serves_all_tests(project: pytest.Pytester):
    project.runpytest("-q", "-k", "runs").assert_outcomes(passed=1, deselected=6)
    made = project.path / "made.txt"
    by_one = made.read_text()
    made.unlink()
    project.runpytest("-q").assert_outcomes(passed=7)
    assert made.read_text() == by_one


def test_a_failure_reads_like_the_report(project: pytest.Pytester):
    change(project, "is = 0.2", "is = 0.3")
    result = project.runpytest("-q")
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ small: epoch 3: lr of head is 0.3 _*",
            "expect lr of head is 0.3: FAILS (0.2)",
            "scenarios/small.toml:23",
            "",
            "small: 21 steps of 8 samples, 7 an epoch",
            "*7  ✓ freeze fc: *",
            "*21  ✗ expect lr of head is 0.3: FAILS (0.2)",
            "FAILED scenarios/small.toml::epoch 3: lr of head is 0.3 - expect lr of head*",
        ]
    )
    assert "scenario_tests.py" not in output(result)


def test_what_cannot_be_read_is_one_error_of_collection(project: pytest.Pytester):
    change(project, "batch_size", "batchsize")
    result = project.runpytest("-q")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["scenarios/small.toml: batchsize: no such key, did you mean 'batch_size'?*"]
    )
    assert "load.py" not in output(result)


def test_a_run_that_fails_shows_the_code_of_the_user(project: pytest.Pytester):
    text = TEXT.replace("small:model", "small:Tired")
    (project.path / "scenarios" / "small.toml").write_text(text)
    result = project.runpytest("-q", "-k", "runs or changed")
    result.assert_outcomes(passed=1, failed=2, deselected=4)
    text = result.stdout.str()
    assert "ArithmeticError: enough" in text
    assert "small.py" in text
    assert "replay.py" not in text
    assert "not checked: scenarios/small.toml: " in text


def test_a_scenario_that_cannot_be_built_fails_each_test(project: pytest.Pytester):
    change(project, 'params = ["fc*"]\n[[group]]', 'params = ["cf*"]\n[[group]]')
    result = project.runpytest("-q")
    result.assert_outcomes(failed=7)
    assert "no parameter matches 'cf*'" in output(result)


def test_a_refused_command_fails_the_test_of_the_run(monkeypatch: pytest.MonkeyPatch):
    refused = JournalEntry(0, 7, "rewind good", "scenario", "refused", "it was deleted")
    events = [refused, Ended(21, "sha256:", 0.1, (), False)]
    monkeypatch.setattr(scenario_run, "replay", lambda *_: iter(events))
    run = scenario_run.ScenarioRun(loads(TEXT, "small"), "small.toml")
    with pytest.raises(scenario_run.ScenarioFailedError) as caught:
        run.check_end()
    first, _, *report = str(caught.value).splitlines()
    assert first == "the command 'rewind good' was refused: it was deleted"
    assert report == ["        7  ✗ rewind good: it was deleted"]


def test_of_repeated_checks_the_last_one_counts(monkeypatch: pytest.MonkeyPatch):
    events = [Finding(21, "lr of head is 0.2", held, "0.2", 2, "lr") for held in (False, True)]
    monkeypatch.setattr(scenario_run, "replay", lambda *_: iter(events))
    scenario_run.ScenarioRun(loads(TEXT, "small"), "small.toml").check(2, "lr", "")


def test_tests_are_selected_by_words_marks_and_the_last_failures(project: pytest.Pytester):
    change(project, "is = 0.2", "is = 0.3")
    project.runpytest("-q", "-k", "small and gradient").assert_outcomes(passed=1, deselected=6)
    project.runpytest("-q", "-m", "not scenario").assert_outcomes(deselected=7)
    project.runpytest("-q").assert_outcomes(passed=6, failed=1)
    project.runpytest("-q", "--lf").assert_outcomes(failed=1)
    name = "scenarios/small.toml::epoch 3: no gradient for fc*"
    project.runpytest("-q", name).assert_outcomes(passed=1)


def test_the_project_marks_its_scenarios(project: pytest.Pytester):
    with (project.path / "tox.ini").open("a") as file:
        file.write("\nmarkers = slow\ntuitrain_scenario_marks = slow\n")
    project.runpytest("-q", "-m", "not slow", "--strict-markers").assert_outcomes(deselected=7)


def test_the_folders_of_tests_do_not_hide_the_scenarios(project: pytest.Pytester):
    project.mkdir("tests")
    with (project.path / "tox.ini").open("a") as file:
        file.write("\ntestpaths = tests\n")
    assert "small.toml::runs" in project.runpytest("--collect-only", "-q").stdout.str()
    assert "small" not in project.runpytest("--collect-only", "-q", "tests").stdout.str()


def test_other_files_are_left_alone(project: pytest.Pytester):
    (project.path / "pyproject.toml").write_text("")
    (project.path / "scenarios" / "note.txt").write_text("")
    assert "7 tests collected" in project.runpytest("--collect-only", "-q").stdout.str()


def test_a_folder_that_does_not_exist_is_one_error(project: pytest.Pytester):
    project.makeini("[pytest]\ntuitrain_scenarios = scenario\n")
    result = project.runpytest_inprocess("-q")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "tuitrain_scenarios: " in result.stderr.str()
    assert "did you mean 'scenarios'" in result.stderr.str()


def test_equal_expectations_have_names_of_their_own(project: pytest.Pytester):
    again = '[[expect]]\nepoch = 3\ntrain_loss = "< 10"\n'
    (project.path / "scenarios" / "small.toml").write_text(COUNTED + again)
    listed = project.runpytest("--collect-only", "-q").stdout.str()
    assert "epoch 3: train_loss < 10 (2)" in listed


@pytest.mark.slow
def test_tests_of_a_scenario_stay_on_one_worker(project: pytest.Pytester):
    folder = project.path / "scenarios"
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(MODEL.replace("made.txt", f"{name}.txt"))
        (folder / f"{name}.toml").write_text(COUNTED.replace("counted:", f"{name}:"))
    result = project.runpytest_subprocess("-q", "-n", "2", "--dist", "loadfile")
    result.assert_outcomes(passed=21)
    for name in ("one", "two"):
        assert len(set((project.path / f"{name}.txt").read_text().split())) == 1


def test_a_project_without_scenarios_imports_nothing(pytester: pytest.Pytester):
    root = Path(__file__).parents[2]
    code = (
        f"import sys, json; sys.path[:0] = [{str(root)!r}, {str(root / 'core')!r}]; import pytest\n"
        "pytest.main(['-q', '-p', 'tuitrain.pytest_plugin'])\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=pytester.path,
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in loaded if name.startswith("tuitrain")] == [
        "tuitrain",
        "tuitrain.pytest_plugin",
    ]
    assert not {"numpy", "numba", "textual", "rich", "msgspec"} & set(loaded)
