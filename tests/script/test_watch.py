"""A loop of one's own under `watch`, without a screen: same bits, planned commands, a record."""

import functools
import itertools
import math
import operator

import numpy as np
import pytest

import tuitrain
from tests.script.problem import EPOCHS, STEPS, make_problem, read_lines
from tuitrain.errors import CommandError, RefusedError, ScenarioError
from tuitrain.scenario.save import recorded_scenario
from tuitrain.scenario.verify import read_scenario, verify_record


def journal(folder) -> list[tuple[int, str, str]]:
    lines = read_lines(folder, "journal.jsonl")
    return [(e["step"], e["command"], e["outcome"]) for e in lines if e["event"] == "command"]


def test_a_watched_loop_trains_the_same_bits(problem, watch):
    alone = make_problem()
    losses = alone.train_epochs(EPOCHS)
    again = make_problem()  # seeds the generator of dropout again
    assert again.weights() == problem.weights()
    run = watch()
    assert problem.train_epochs(EPOCHS) == losses
    run.finish()
    assert problem.weights() == alone.weights()
    recorded = [line["loss"] for line in read_lines(run.folder, "metrics.jsonl") if "loss" in line]
    assert functools.reduce(operator.iadd, recorded, []) == losses


def test_batches_train_the_same_bits(problem, watch):
    alone = make_problem()
    losses = alone.train_epochs(EPOCHS)
    make_problem()
    run = watch()
    assert [problem.train(*batch) for batch in run.batches()] == losses
    assert problem.weights() == alone.weights()


def test_a_frozen_group_keeps_its_bytes_and_its_state(problem, watch):
    run = watch(plan={5: "freeze body", 15: "thaw body"})
    before = []
    for _ in range(EPOCHS):
        for batch in problem.loader:
            problem.train(*batch)
            before.append((problem.weights(), problem.net.norm.running_mean.numpy().tobytes()))
    run.finish()
    body = [name for name in before[0][0] if not name.startswith("last")]
    changed = [
        [old[name] != new[name] for name in body]
        for (old, _), (new, _) in itertools.pairwise(before)
    ]
    frozen = range(5, 14)  # from the sixth update on
    assert not any(any(changed[step - 1]) for step in frozen if step > 5)
    assert all(map(all, changed[15:]))
    assert len({mean for _, mean in before[6:14]}) == 1
    assert journal(run.folder) == [(5, "freeze body", "applied"), (15, "thaw body", "applied")]


def test_a_swap_clips_and_schedules_take_effect(problem, watch):
    plan = {
        4: ["optimizer body adam lr=0.01", "clip norm 0.5"],
        8: ["group tail = last.weight", "decay tail over 10 steps", "lr last* 0.5"],
        9: "lr no_such_group 0.1",
    }
    run = watch(plan=plan)
    problem.train_epochs(EPOCHS)
    run.finish()
    outcomes = [outcome for _, _, outcome in journal(run.folder)]
    assert outcomes == ["applied"] * 5 + ["refused"]


def test_the_scripts_own_lr_counts_until_a_command_sets_it(problem, watch):
    run = watch(plan={10: "lr last 0.0"})
    problem.train_epochs(1)
    for group in problem.optimizer.param_groups:
        group["lr"] = 0.0
    before = problem.weights()
    problem.train_epochs(1)
    assert problem.weights() == before
    for group in problem.optimizer.param_groups:
        group["lr"] = 0.1
    problem.train_epochs(1)
    after = problem.weights()
    assert after["last.weight"] == before["last.weight"]
    assert after["first.weight"] != before["first.weight"]
    run.finish()


def test_a_metric_that_is_not_reported_is_not_recorded(problem, watch):
    run = watch(metrics=["accuracy", "mae"])
    problem.train_epochs(1)
    run.log(mae=0.5)
    run.finish()
    lines = read_lines(run.folder, "metrics.jsonl")
    assert [e["name"] for e in lines if e["event"] == "metric"] == ["mae"]
    assert not [e for e in lines if e["event"] == "accuracy"]


def test_logged_metrics_are_those_of_their_step(problem, watch):
    run = watch(metrics=["mae", "score"])
    for epoch in range(EPOCHS):
        problem.train_epochs(1)
        run.log(mae=epoch / 2, score=epoch)
    run.finish()
    lines = [line for line in read_lines(run.folder, "metrics.jsonl") if line["event"] == "metric"]
    assert [(e["step"], e["value"]) for e in lines if e["name"] == "mae"] == [
        (5 * epoch + 5, epoch / 2) for epoch in range(EPOCHS)
    ]


def test_a_logged_loss_is_that_of_the_coming_update(problem, watch):
    run = watch()
    for number in range(STEPS):
        run.log(loss=number)
        problem.train(*problem.loader.batch(number))
    run.finish()
    losses = [line["loss"] for line in read_lines(run.folder, "metrics.jsonl") if "loss" in line]
    assert functools.reduce(operator.iadd, losses, []) == list(range(STEPS))


def test_a_planned_stop_ends_the_loop(problem, watch):
    run = watch(plan={7: "stop"})
    with pytest.raises(tuitrain.StoppedError):
        problem.train_epochs(EPOCHS)
    run.finish()
    assert (run.step, read_lines(run.folder, "journal.jsonl")[-1]["reason"]) == (7, "stopped")


@pytest.mark.parametrize(
    ("error", "reason"),
    [(None, "left"), (ValueError("no"), "failed"), (KeyboardInterrupt(), "interrupted")],
)
def test_a_loop_that_ends_early_ends_the_run_with_its_reason(problem, watch, error, reason):
    run = watch()
    problem.train_epochs(1)
    run.finish(error)
    last = read_lines(run.folder, "journal.jsonl")[-1]
    assert (last["step"], last["reason"]) == (5, reason)


def test_a_finished_run_lets_the_loop_run_on(problem, watch):
    run = watch(epochs=1)
    problem.train_epochs(2)
    run.finish()
    assert sum("loss" in line for line in read_lines(run.folder, "metrics.jsonl")) >= 1


def test_the_optimizer_is_as_it_was_after_the_run(problem, watch):
    run = watch()
    problem.train_epochs(1)
    run.finish()
    before = problem.weights()
    problem.train_epochs(1)
    assert problem.weights() != before
    states = [state.step for opt in problem.optimizer for state in opt.state.values()]
    assert states == [10] * len(states)


def test_a_record_says_that_only_the_script_repeats_it(problem, watch):
    run = watch(name="mine")
    problem.train_epochs(EPOCHS)
    run.finish()
    header, scenario = read_scenario(run.folder)
    assert (scenario.name, scenario.engine) == ("mine", "script")
    assert "only this script repeats it" in header.scenario["description"]
    with pytest.raises(ScenarioError, match="only running the script again repeats it"):
        verify_record(run.folder, lambda *_: None, lambda _: None)
    with pytest.raises(ScenarioError, match="only running the script again repeats it"):
        recorded_scenario(run.folder)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"epochs": None}, RefusedError, "needs the length of the run"),
        ({"steps": 3}, RefusedError, "needs the length of the run"),
        ({"loader": None}, RefusedError, "needs the length of the run"),
        ({"plan": {99: "pause"}}, RefusedError, "step 99 is not in the run, which takes 20 steps"),
        ({"plan": {0: "freze body"}}, CommandError, "freeze"),
        ({"plan": {20: "lr * x2"}}, RefusedError, "step 20 is the end of the run, where only"),
        ({"plan": {21: "checkpoint a"}}, RefusedError, "step 21 is not in the run, which takes 20"),
        ({"plan": {-1: "pause"}}, RefusedError, "a step is a number from 0, but was given -1"),
        ({"plan": {0.5: "pause"}}, RefusedError, "a step is a whole number.* was given 0.5"),
        ({"plan": {"3": "pause"}}, RefusedError, "a step is a whole number.* was given '3'"),
        ({"plan": {3: 5}}, RefusedError, "step 3 has a command as text.* was given 5"),
        ({"plan": ["pause"]}, RefusedError, "plan maps steps to commands"),
        ({"metrics": ["loss"]}, RefusedError, "is not the name of a metric"),
        ({"metrics": [3]}, RefusedError, "3 is not the name of a metric"),
        ({"metrics": None}, RefusedError, "a list of names, but was given None"),
        ({"metrics": ["mae", "mae"]}, RefusedError, "'mae' is there twice"),
        ({"epochs": 2.5}, RefusedError, "epochs is a whole number from 1, but was given 2.5"),
        ({"epochs": 0}, RefusedError, "epochs is a whole number from 1, but was given 0"),
        ({"steps": "9", "epochs": None}, RefusedError, "steps is a whole number from 1"),
        ({"scenario": {0: "pause"}}, RefusedError, "scenario=….* takes a path, .* given {0: 'pau"),
        ({"scenario": ""}, RefusedError, "scenario=….* takes a path, as a text or a Path, but"),
        ({"out": 3}, RefusedError, "out=….* takes a path, as a text or a Path, but was given 3"),
        ({"name": b"a"}, RefusedError, "name=….* takes a text, but was given b'a'"),
        ({"log": [3]}, RefusedError, "log names its formats by texts, but was given 3"),
        ({"log": None}, RefusedError, "log is a list of formats, but was given None"),
        ({"loader": 3}, RefusedError, "loader=….* takes what yields batches, .* was given 3"),
        ({"loader": "digits"}, RefusedError, "takes what yields batches, .* was given 'digits'"),
    ],
)
def test_wrong_arguments_are_refused(watch, settings, error, message):
    with pytest.raises(error, match=message):
        watch(**settings)


def test_other_networks_and_optimizers_are_refused(problem):
    with pytest.raises(RefusedError, match="a tuitrain_core Module, but was given int"):
        tuitrain.watch(3, problem.optimizer, steps=1)
    with pytest.raises(RefusedError, match="tuitrain_core Module, but was given the class Net"):
        tuitrain.watch(type(problem.net), problem.optimizer)  # before its missing length
    with pytest.raises(RefusedError, match="or a MultipleOptimizer, but was given int"):
        tuitrain.watch(problem.net, 3, steps=1)
    with pytest.raises(RefusedError, match="parameters that the network does not have"):
        tuitrain.watch(problem.net, make_problem().optimizer, steps=1)


def test_a_text_names_one_metric(problem, watch):
    run = watch(metrics="mae", plan={np.int64(3): "lr * x0.5"})
    for _ in range(EPOCHS):
        problem.train_epochs(1)
        run.log(mae=0.5)
    run.finish()
    lines = read_lines(run.folder, "metrics.jsonl")
    assert [e["step"] for e in lines if e.get("name") == "mae"] == [5, 10, 15, 20]
    assert journal(run.folder) == [(3, "lr * x0.5", "applied")]


def test_an_unknown_metric_is_refused_with_the_nearest(watch):
    with pytest.raises(RefusedError, match="did you mean 'accuracy'"):
        watch().log(acuracy=math.pi)


def test_wrong_arguments_of_a_run_are_refused(watch):
    run = watch()
    with pytest.raises(RefusedError, match=r"as in run.log\(accuracy=0.9\), but was given {'accu"):
        run.log({"accuracy": 0.9})
    with pytest.raises(RefusedError, match="takes a function without parameters, but was given 3"):
        run.handle_stop(3)
    with pytest.raises(RefusedError, match="takes the exception that has ended the loop, but was"):
        run.finish("done")
