"""Rules in a loop of PyTorch: at its boundaries; back with `run.batches`, to the same bits."""

from tests.torch_script.fixtures import read_lines, watch
from tests.torch_script.problem import EPOCHS, STEPS, make_problem

__all__ = ["watch"]

RESCUE = "when grad_norm body > 0 do rewind by 4; lr * x0.5; at most 2 times"


def by_rules(run) -> list[tuple[int, str, str]]:
    lines = read_lines(run.folder, "journal.jsonl")
    return [(e["step"], e["command"], e["outcome"]) for e in lines if e.get("actor") == "rule"]


def test_a_rule_acts_before_the_update_as_a_planned_command_does(watch):
    ruled = make_problem()
    run = watch(ruled, steps=STEPS, plan={7: "when grad_norm body > 0 do lr * x0.5"})
    ruled.train_epochs()
    run.finish()
    planned = make_problem()
    other = watch(planned, steps=STEPS, plan={7: "lr * x0.5"})
    planned.train_epochs()
    other.finish()
    assert by_rules(run) == [(7, "lr * x0.5", "applied")]
    assert ruled.losses == planned.losses
    assert ruled.weights() == planned.weights()


def test_a_rule_goes_back_to_the_same_bits_as_a_run_that_began_there(watch):
    ruled = make_problem()
    run = watch(ruled, plan={9: RESCUE})
    for batch in run.batches(ruled.loader, epochs=EPOCHS):
        ruled.train(batch)
    run.finish()
    assert by_rules(run) == [
        (9, "rewind by 4", "applied"),
        (5, "lr * x0.5", "applied"),
        (5, "rewind by 4", "applied"),
        (1, "lr * x0.5", "applied"),
        (1, "pause", "applied"),
    ]
    planned = make_problem()
    other = watch(planned, plan={1: "lr * x0.5"})
    for batch in other.batches(planned.loader, epochs=EPOCHS):
        planned.train(batch)
    other.finish()
    assert ruled.weights() == planned.weights()


def test_a_rule_that_goes_back_needs_the_batches(watch, capsys):
    problem = make_problem()
    run = watch(problem, steps=STEPS, plan={9: RESCUE})
    problem.train_epochs()
    run.finish()
    assert "run.batches" in capsys.readouterr().err
    assert by_rules(run) == []
