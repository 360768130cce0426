"""A plan in a file for a loop of one's own: commands by step or epoch, and what must hold."""

import pytest

import tuitrain
from tests.script.problem import read_lines
from tuitrain.cli import main
from tuitrain.errors import ExpectationError, RefusedError, ScenarioError

PLAN = """
description = "The body rests in the second epoch."

[[at]]
epoch = 1
do = "freeze body"

[[at]]
step = 10
do = ["thaw body", "lr body x0.1"]

[[expect]]
epoch = 2
unchanged = { group = "body", since_epoch = 1 }

[[expect]]
step = 20
changed = { group = "body", since_step = 10 }
lr = { group = "body", is = 0.01 }
"""


@pytest.fixture
def watch(problem, tmp_path):
    """Return a function that watches the problem with a plan; the run is ended after the test."""
    runs = []

    def start(text: str, **settings):
        path = tmp_path / "plan.toml"
        path.write_text(text)
        arguments = {"loader": problem.loader, "epochs": 4, "out": tmp_path / "run"} | settings
        runs.append(tuitrain.watch(problem.net, problem.optimizer, scenario=path, **arguments))
        return runs[-1]

    yield start
    for run in runs:
        run.finish()


def commands(folder) -> list[tuple[int, str, str, str]]:
    lines = read_lines(folder, "journal.jsonl")
    return [
        (e["step"], e["command"], e["actor"], e["outcome"])
        for e in lines
        if e["event"] == "command"
    ]


@pytest.mark.parametrize("has_batches", [False, True])
def test_commands_are_applied_and_expectations_hold(problem, watch, has_batches):
    run = watch(PLAN)
    if has_batches:
        for batch in run.batches():
            problem.train(*batch)
    else:
        problem.train_epochs(4)
    run.finish()
    assert commands(run.folder) == [
        (5, "freeze body", "scenario", "applied"),
        (10, "thaw body", "scenario", "applied"),
        (10, "lr body x0.1", "scenario", "applied"),
    ]


def test_an_expectation_that_does_not_hold_is_told_at_the_end(problem, watch, capsys):
    run = watch("[[expect]]\nepoch = 2\nunchanged = { group = 'body', since_epoch = 1 }")
    problem.train_epochs(4)
    with pytest.raises(ExpectationError, match="step 10: expected body unchanged since step 5"):
        run.finish()
    assert "tuitrain: step 10: expected body unchanged" in capsys.readouterr().err
    run.finish()


def test_an_expectation_of_a_metric_compares_the_newest_report(problem, watch):
    text = "[[expect]]\nstep = {}\nmetric = {{ name = 'mae', is = '{}' }}\n"
    run = watch(text.format(7, "<= 0.5") + text.format(17, ">= 1.0"), metrics=["mae"])
    for epoch in range(4):
        problem.train_epochs(1)
        run.log(mae=epoch / 2)
    run.finish()
    lines = [line for line in read_lines(run.folder, "metrics.jsonl") if "value" in line]
    assert {line["step"] for line in lines} >= {5, 10, 15}


def test_a_metric_that_is_reported_after_the_last_step_counts(problem, watch):
    run = watch("[[expect]]\nepoch = 4\nmetric = { name = 'mae', is = '<= 0.5' }", metrics=["mae"])
    problem.train_epochs(3)
    run.log(mae=1.0)
    problem.train_epochs(1)
    run.log(mae=0.5)
    run.finish()


@pytest.mark.parametrize(
    ("text", "epochs", "message"),
    [
        (
            "[[expect]]\nepoch = 4\ntest_accuracy = '>= 0.1'",
            4,
            "the script has not reported it yet",
        ),
        (
            "[[at]]\nstep = 2\ndo = 'rewind nowhere'",
            4,
            r"step 2: 'rewind nowhere' was refused",
        ),
        (
            "[[expect]]\nepoch = 4\nchanged = { group = 'body', since_step = 0 }",
            2,
            "the run gets to step 20, found: it ended before",
        ),
    ],
    ids=["a metric that was not reported", "a refused command", "a loop that ends early"],
)
def test_a_plan_that_is_not_met_is_an_error_at_the_end(problem, watch, text, epochs, message):
    run = watch(text)
    problem.train_epochs(epochs)
    with pytest.raises(ExpectationError, match=message):
        run.finish()


def test_an_error_of_the_loop_is_not_hidden_by_expectations(problem, watch):
    with (
        pytest.raises(ZeroDivisionError),
        watch("[[expect]]\nepoch = 4\nlr = { group = 'body', is = 1.0 }"),
    ):
        problem.train_epochs(1)
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "model = 'lenet'",
            "plan.toml: model: the plan of a script has at, expect, limits, schema or ",
        ),
        ("epochs = 3", "plan.toml: epochs: the plan of a script has"),
        ("exspect = []", "plan.toml: exspect: no such key, did you mean 'expect'?"),
        (
            "[[at]]\nstep = 20\ndo = 'stop'",
            "number 1: step 20 is the end of the run, where only a checkpoint can be planned",
        ),
        ("[[at]]\nstep = 1\ndo = 'frieze all'", "[[at]] number 1, do: "),
        ("[[at]]\ndo = 'stop'", "[[at]] number 1: give either epoch = N or step = N"),
        ("[[expect]]\nepoch = 5\ntrain_loss = '< 1'", "[[expect]] number 1: step 25 is after"),
        ("[[expect]]\nstep = 1", "nothing is expected"),
        ("schema = 2", "schema: this version of tuitrain reads 1"),
        ("at = 3", "at: "),
        ("[[at", "plan.toml: not TOML"),
        (
            "[[at]]\nstep = 2\ndo = 'lr boddy 0.1'",
            "[[at]] number 1: 'lr boddy 0.1': no group is called 'boddy', did you mean 'body'?",
        ),
        (
            "[[at]]\nstep = 2\ndo = ['freeze all', 'thaw frist.*']",
            "[[at]] number 1: 'freeze all': 'all' names no group and no parameter",
        ),
        (
            "[[at]]\nstep = 2\ndo = 'optimizer body adma'",
            "[[at]] number 1: 'optimizer body adma': unknown optimizer 'adma', did you mean 'adam",
        ),
        (
            "[[at]]\nstep = 2\ndo = 'break when f2 > 0.5'",
            "[[at]] number 1: 'break when f2 > 0.5': this run does not measure 'f2'",
        ),
        (
            "[[at]]\nstep = 2\ndo = 'break when grad_norm boddy > 1'",
            "no group is called 'boddy', did you mean 'body'?",
        ),
        (
            "[[at]]\nstep = 2\ndo = 'when nan do group new = first.*; lr new x2; lr boddy x0.5'",
            "no group is called 'boddy', did you mean 'body'?",
        ),
        ("[[at]]\nstep = 2\ndo = 'group new = nothing.*'", "no parameter matches 'nothing.*'"),
        (
            "[[expect]]\nstep = 2\nlr = { group = 'boddy', is = 1.0 }",
            "[[expect]] number 1: no group is called 'boddy', did you mean 'body'?",
        ),
        ("[[expect]]\nstep = 2\ngrad_none = ['nothing.*']", "no parameter matches 'nothing.*'"),
        ("[[expect]]\nstep = 2\nmetric = { name = 'f1', is = '> 0' }", "metric.name: "),
    ],
)
def test_a_file_that_is_no_plan_is_refused_before_the_loop(watch, text, message):
    with pytest.raises(ScenarioError) as error:
        watch(text)
    assert message in str(error.value)


def test_a_refused_plan_leaves_no_record_and_the_optimizer_as_it_was(problem, watch, tmp_path):
    with pytest.raises(ScenarioError, match=r"no group is called 'boddy', did you mean 'body'\?"):
        watch("[[expect]]\nstep = 2\nlr = { group = 'boddy', is = 1.0 }")
    problem.train_epochs(1)
    assert not (tmp_path / "run").exists()


def test_a_plan_may_name_groups_that_it_makes(problem, watch):
    run = watch("[[at]]\nstep = 2\ndo = ['group odd = *bias', 'lr odd 0.1']")
    problem.train_epochs(4)
    run.finish()
    assert [outcome for *_, outcome in commands(run.folder)] == ["applied"] * 2


def test_a_missing_file_is_named(problem):
    with pytest.raises(ScenarioError, match=r"no\.toml: no such file"):
        tuitrain.watch(
            problem.net, problem.optimizer, loader=problem.loader, epochs=1, scenario="no.toml"
        )


def test_a_plan_and_a_file_are_one_too_many(watch):
    with pytest.raises(RefusedError, match="but not by both"):
        watch(PLAN, plan={3: "stop"})


SCRIPT = """
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
tuitrain.watch(
    problem.net, problem.optimizer, loader=problem.loader, epochs=4, scenario="plan.toml"
)
problem.train_epochs(4)
"""


@pytest.mark.parametrize(("rate", "status"), [("0.01", 0), ("0.02", 1)])
def test_a_script_exits_with_1_if_its_plan_does_not_hold(tmp_path, capsys, rate, status):
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "plan.toml").write_text(PLAN.replace("is = 0.01", f"is = {rate}"))
    words = ["run", "--headless", "--out", str(tmp_path / "run"), str(tmp_path / "train.py")]
    assert main(words) == status
    message = "tuitrain: step 20: expected lr of body is 0.02, found: 0.01"
    error = capsys.readouterr().err
    assert (message in error) == bool(status)
    assert f"tuitrain: {3 - status} expectations hold\n" in error


def test_the_limits_of_a_file_hold_in_the_loop(watch, problem, tmp_path):
    run = watch(PLAN + '[limits]\ncommands = ["pause"]\n')
    assert run.limits is not None
    assert run.limits.commands == ("pause",)
    problem.train_epochs(4)
    run.finish()
    outcomes = {outcome for *_, outcome in commands(tmp_path / "run")}
    assert outcomes == {"applied"}  # a plan is not limited


def test_limits_are_given_once(problem, tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text("[limits]\nlr_factor = 2\n")
    settings = {"loader": problem.loader, "epochs": 4, "out": tmp_path / "run", "scenario": path}
    with pytest.raises(RefusedError, match="but not by both"):
        tuitrain.watch(problem.net, problem.optimizer, limits={"lr_factor": 3}, **settings)
