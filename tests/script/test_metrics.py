"""Metrics that a loop reports belong to the step at which it reported them."""

import pytest

import tuitrain
from tests.script.problem import make_problem, read_lines

EPOCHS, PER_EPOCH = 4, 5


@pytest.fixture
def measured(tmp_path):
    """Return a function that trains in a way, and returns the recorded accuracies by step."""

    def train(loop, **settings) -> list[tuple[int, float]]:
        problem = make_problem()
        settings = {"loader": problem.loader, "epochs": EPOCHS} | settings
        run = tuitrain.watch(problem.net, problem.optimizer, out=tmp_path / "run", **settings)
        loop(problem, run)
        run.finish()
        lines = read_lines(run.folder, "metrics.jsonl")
        return [(e["step"], e["accuracy"]) for e in lines if e["event"] == "accuracy"]

    return train


def log_at(*steps):
    """Return loops, with the batches of their own or of `watch`, that report at these steps."""

    def note(run) -> None:
        if run.step in steps:
            run.log(accuracy=run.step / 100)

    def own_loop(problem, run) -> None:
        note(run)
        for _ in range(EPOCHS):
            for batch in problem.loader:
                problem.train(*batch)
                note(run)

    def with_batches(problem, run) -> None:
        note(run)
        for batch in run.batches():
            problem.train(*batch)
            note(run)

    return own_loop, with_batches


@pytest.mark.parametrize("steps", [(5,), (3, 4, 12), (20,), (0, 7), tuple(range(21)), ()])
@pytest.mark.parametrize("kind", [0, 1])
def test_a_metric_is_recorded_once_at_its_step(measured, steps, kind):
    assert measured(log_at(*steps)[kind]) == [(step, step / 100) for step in steps]


def test_what_is_reported_during_a_step_counts_at_its_end(measured):
    def loop(problem, run) -> None:
        for batch in run.batches():
            with problem.gm:
                problem.gm.backward(problem.loss(*batch))
            if run.step == 6:
                run.log(accuracy=0.5)
            problem.optimizer.step()
            problem.optimizer.clear_grad()

    assert measured(loop) == [(7, 0.5)]


@pytest.mark.parametrize("in_loop", [True, False])
def test_what_is_reported_after_the_loop_counts_at_its_last_step(measured, in_loop):
    def loop(problem, run) -> None:
        for batch in run.batches():
            problem.train(*batch)
            if in_loop and run.step == 15:
                run.log(accuracy=0.25)
        run.log(accuracy=0.5)

    assert measured(loop) == [(15, 0.25)] * in_loop + [(20, 0.5)]


def test_what_is_reported_after_a_stop_counts_at_its_step(measured):
    def loop(problem, run) -> None:
        with pytest.raises(tuitrain.StoppedError):
            for batch in run.batches():
                problem.train(*batch)
        run.log(accuracy=0.5)

    assert measured(loop, plan={7: "stop"}) == [(7, 0.5)]


def test_a_metric_does_not_outlive_a_rewind(measured):
    assert measured(log_at(13)[1], plan={15: "rewind 2"}) == [(13, 0.13), (13, 0.13)]


def test_a_report_at_the_boundary_of_a_rewind_is_recorded_before_it(measured):
    def loop(problem, run) -> None:
        for batch in run.batches():
            problem.train(*batch)
            if run.step == 15:
                run.log(accuracy=0.5)

    assert measured(loop, plan={15: "rewind 13"}) == [(15, 0.5), (15, 0.5)]


def test_a_breakpoint_on_a_metric_is_met_once(measured, tmp_path):
    measured(log_at(3)[0], plan={0: "break when accuracy >= 0.02"})
    journal = read_lines(tmp_path / "run", "journal.jsonl")
    assert [e["step"] for e in journal if e.get("actor") == "breakpoint"] == [3]


def test_what_is_reported_after_the_end_of_the_run_is_dropped(measured):
    def loop(problem, run) -> None:
        for epoch in range(EPOCHS):
            problem.train_epochs(1)
            run.log(accuracy=epoch)
        assert run.step == 20

    assert measured(loop, loader=None, epochs=None, steps=10) == [(5, 0), (10, 1)]
