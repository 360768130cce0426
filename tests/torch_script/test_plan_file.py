"""A plan in a file for a loop in PyTorch."""

import pytest

from tests.torch_script.fixtures import commands_of, watch
from tests.torch_script.problem import EPOCHS, STEPS, make_problem
from tuitrain.errors import ExpectationError, ScenarioError

__all__ = ["watch"]

PLAN = """
[[at]]
epoch = 0
do = "freeze body"

[[at]]
epoch = 2
do = ["thaw body", "lr body x0.1", "schedule body cosine to 0 over 10 steps"]

[[expect]]
epoch = 2
unchanged = { group = "body", since_epoch = 0 }
changed = { group = "last", since_epoch = 0 }

[[expect]]
epoch = 3
changed = { params = ["*.weight"], since_epoch = 2 }
"""


@pytest.fixture
def plan(tmp_path):
    """Return a function that writes a plan."""

    def write(text: str):
        path = tmp_path / "plan.toml"
        path.write_text(text)
        return path

    return write


def test_a_fine_tune_by_plan_with_batches(watch, plan):
    problem = make_problem()
    run = watch(problem, scenario=plan(PLAN))
    for batch in run.batches(problem.loader, epochs=EPOCHS):
        run.step(problem.differentiate(batch))
    run.finish()
    assert [(step, outcome) for step, _, outcome in commands_of(run.folder)] == [
        (0, "applied"),
        (10, "applied"),
        (10, "applied"),
        (10, "applied"),
    ]


@pytest.mark.parametrize("settings", [{"epochs": EPOCHS, "steps_per_epoch": 5}, {"loader": True}])
def test_a_plan_by_epoch_without_batches(watch, plan, settings):
    problem = make_problem()
    if "loader" in settings:
        settings = {"loader": problem.loader}
    run = watch(problem, scenario=plan(PLAN), **settings)
    problem.train_epochs()
    run.finish()
    assert len(commands_of(run.folder)) == 4


def test_an_epoch_of_unknown_length_is_refused(watch, plan):
    problem = make_problem()
    watch(problem, scenario=plan(PLAN))
    with pytest.raises(ScenarioError, match="number 1: epoch = 0 needs the length of an epoch"):
        problem.train_epochs()


@pytest.mark.parametrize("settings", [{}, {"steps": STEPS}])
def test_a_metric_that_is_reported_after_the_last_step_counts(watch, plan, settings):
    problem = make_problem()
    text = f"[[expect]]\nstep = {STEPS}\ntest_accuracy = '>= 0.5'"
    run = watch(problem, scenario=plan(text), **settings)
    problem.train_epochs()
    run.log(accuracy=0.5)
    run.finish()


def test_expectations_of_an_open_run_are_checked_at_its_end(watch, plan):
    problem = make_problem()
    text = "[[expect]]\nstep = {}\nchanged = {{ group = 'last', since_step = 0 }}\n"
    run = watch(problem, scenario=plan(text.format(STEPS) + text.format(STEPS + 1)))
    problem.train_epochs()
    with pytest.raises(ExpectationError, match=f"gets to step {STEPS + 1}, found: it ended before"):
        run.finish()


@pytest.mark.parametrize("has_batches", [True, False])
def test_a_checkpoint_is_planned_for_the_end_of_the_run(watch, plan, has_batches):
    problem = make_problem()
    path = plan(f"[[at]]\nstep = {STEPS}\ndo = 'checkpoint final'\n")
    run = watch(problem, scenario=path, epochs=EPOCHS, loader=problem.loader)
    if has_batches:
        for batch in run.batches():
            run.step(problem.differentiate(batch))
    else:
        problem.train_epochs(EPOCHS)
    run.finish()
    assert commands_of(run.folder) == [(STEPS, "checkpoint final", "applied")]
    assert (run.folder / "checkpoints" / "final.npz").exists()
