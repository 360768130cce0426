"""Rules in the loop of a script: at its boundaries, and back only where the batches are known."""

import pytest

from tests.script.problem import make_problem, read_lines

RESCUE = "when grad_norm body > 0 do rewind by 4; lr body x0.5; at most 2 times"


def by_rules(folder) -> list[tuple[int, str, str]]:
    lines = read_lines(folder, "journal.jsonl")
    return [(e["step"], e["command"], e["outcome"]) for e in lines if e.get("actor") == "rule"]


def test_a_rule_acts_before_the_update_of_the_loop(problem, watch, tmp_path):
    run = watch(plan={7: "when grad_norm body > 0 do lr body x0.5"})
    problem.train_epochs(4)
    run.finish()
    assert by_rules(tmp_path / "run") == [(7, "lr body x0.5", "applied")]
    twin = make_problem()
    assert twin.weights() != problem.weights()


def test_a_rule_goes_back_where_the_run_gives_the_batches(problem, watch, tmp_path):
    run = watch(plan={9: RESCUE})
    for batch in run.batches():
        problem.train(*batch)
    run.finish()
    assert by_rules(tmp_path / "run") == [
        (9, "rewind by 4", "applied"),
        (5, "lr body x0.5", "applied"),
        (5, "rewind by 4", "applied"),
        (1, "lr body x0.5", "applied"),
        (1, "pause", "applied"),
    ]


def test_a_rule_that_goes_back_is_refused_when_it_is_set_in_another_loop(
    problem, watch, tmp_path, capsys
):
    run = watch(plan={9: RESCUE})
    problem.train_epochs(4)
    run.finish()
    assert "run.batches" in capsys.readouterr().err
    assert by_rules(tmp_path / "run") == []


@pytest.mark.parametrize("has_batches", [False, True])
def test_a_rule_on_a_metric_acts_where_it_is_reported(problem, watch, tmp_path, has_batches):
    run = watch(plan={0: "when accuracy >= 0.05 do lr body x0.5"})
    for number, batch in enumerate(run.batches() if has_batches else problem.loader):
        problem.train(*batch)
        run.log(accuracy=number / 100)
    run.finish()
    ((step, command, outcome),) = by_rules(tmp_path / "run") or [(0, "", "")]
    if has_batches:
        assert (step, command, outcome) == (6, "lr body x0.5", "applied")
