"""`run.batches`: the length of its run, and one update for each batch."""

import pytest

import tuitrain
from tests.script.problem import EPOCHS, read_lines
from tuitrain.errors import RefusedError
from tuitrain.scenario.verify import read_scenario
from tuitrain_core import data


def halves(problem) -> data.DataLoader:
    """Return a loader with ten batches an epoch; that of the problem has five."""
    return data.DataLoader(problem.loader.dataset, 4)


def test_a_body_without_a_step_is_an_error(watch):
    run = watch()
    with pytest.raises(RefusedError, match=r"did not call optimizer\.step"):
        for _ in run.batches():
            pass


def test_a_second_step_for_one_batch_is_refused_and_changes_nothing(problem, watch):
    run = watch()
    for number, batch in enumerate(run.batches()):
        problem.train(*batch)
        if number == 3:
            break
    before = problem.weights()
    with pytest.raises(RefusedError, match="called again before the next batch"):
        problem.optimizer.step()
    assert (run.step, problem.weights()) == (4, before)


def test_the_step_of_one_optimizer_among_several_is_refused(problem, watch):
    run = watch()
    with pytest.raises(RefusedError, match="part of the MultipleOptimizer"):
        for part in problem.optimizer:
            part.step()
    run.finish()
    for part in problem.optimizer:
        part.step()


def test_an_optimizer_inside_of_a_watched_one_is_watched(problem, watch):
    watch()
    with pytest.raises(RefusedError, match="watched already"):
        tuitrain.watch(problem.net, problem.optimizer.opts[0], steps=1)


@pytest.mark.parametrize(
    ("settings", "steps", "per_epoch"),
    [
        ({}, EPOCHS * 10, 10),
        ({"loader": None, "steps": 7, "epochs": None}, 7, 10),
        ({"steps_per_epoch": 6}, EPOCHS * 6, 6),
    ],
)
def test_a_run_has_the_length_of_the_loader_that_gives_its_batches(
    problem, watch, settings, steps, per_epoch
):
    run = watch(**settings)
    taken = sum(1 for batch in run.batches(halves(problem)) if problem.train(*batch))
    run.finish()
    assert (taken, run.info.steps_per_epoch, run.info.batch_size) == (steps, per_epoch, 4)
    assert read_scenario(run.folder)[1].steps == steps
    assert read_lines(run.folder, "journal.jsonl")[-1]["step"] == steps


def test_the_loader_named_last_gives_the_batches(problem, watch):
    run = watch()
    first = run.batches(halves(problem))
    assert sum(1 for batch in run.batches() if problem.train(*batch)) == EPOCHS * 5
    with pytest.raises(RefusedError, match="called again since"):
        next(first)


def test_a_planned_step_after_the_end_of_the_loaders_epochs_is_refused(problem, watch):
    run = watch(loader=halves(problem), plan={30: "pause"})
    with pytest.raises(RefusedError, match="step 30 is not in the run, which takes 20 steps"):
        run.batches(problem.loader)
