"""Metrics that a loop in PyTorch reports belong to the step at which it reported them."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import tuitrain
from tests.torch_script.fixtures import losses_of, read_lines, watch
from tests.torch_script.problem import EPOCHS, STEPS, make_problem
from tuitrain import StoppedError
from tuitrain.engines.torch.script import forward
from tuitrain.errors import RefusedError

__all__ = ["watch"]


def metrics_of(run) -> list[tuple[int, str, float]]:
    """Return what a run has recorded: steps, names and values."""
    lines = read_lines(run.folder, "metrics.jsonl")
    known = [e for e in lines if e["event"] in ("accuracy", "metric")]
    return [
        (e["step"], e.get("name", "accuracy"), e.get("value", e.get("accuracy"))) for e in known
    ]


def accuracies_of(run) -> list[tuple[int, float]]:
    return [(step, value) for step, _, value in metrics_of(run)]


def log_after_steps(problem, run, steps) -> None:
    for _ in range(EPOCHS):
        for batch in problem.loader:
            problem.train(batch)
            if run.steps_taken in steps:
                run.log(accuracy=run.steps_taken / 100)


@pytest.mark.parametrize("settings", [{}, {"steps": STEPS}, {"epochs": 4, "steps_per_epoch": 5}])
@pytest.mark.parametrize("steps", [(5,), (3, 4, 12), (20,), tuple(range(1, 21))])
def test_what_one_line_reports_after_a_step_is_of_that_step(watch, steps, settings):
    problem = make_problem()
    run = watch(problem, **settings)
    log_after_steps(problem, run, steps)
    run.finish()
    assert accuracies_of(run) == [(step, step / 100) for step in steps]


def test_the_bits_are_those_without_reports(watch):
    problem, alone = make_problem(), make_problem()
    alone.train_epochs()
    torch.manual_seed(0)
    problem = make_problem()
    run = watch(problem, steps=STEPS)
    log_after_steps(problem, run, range(21))
    run.finish()
    assert problem.weights() == alone.weights()


def test_what_is_reported_during_a_step_is_of_its_end(watch):
    problem = make_problem()
    run = watch(problem, steps=STEPS)
    problem.train_epochs(1)
    for inputs, targets in problem.loader:
        problem.optimizer.zero_grad()
        loss = F.cross_entropy(problem.net(inputs), targets)
        run.log(accuracy=run.steps_taken / 100)
        loss.backward()
        problem.optimizer.step()
    run.finish()
    assert accuracies_of(run) == [(step + 1, step / 100) for step in range(5, 10)]


def test_an_evaluation_after_a_step_belongs_to_it(watch):
    problem = make_problem()
    run = watch(problem, steps=STEPS)
    for epoch in range(EPOCHS):
        problem.train_epochs(1)
        with torch.no_grad():
            run.log(accuracy=0.5)
            problem.net(torch.zeros(8, 6))
            run.log(accuracy=epoch / 10)
    run.finish()
    assert accuracies_of(run) == [(5, 0.0), (10, 0.1), (15, 0.2), (20, 0.3)]


def test_metrics_of_one_step_by_two_calls_are_all_kept(watch):
    problem = make_problem()
    run = watch(problem, steps=STEPS, metrics=["accuracy", "f1"])
    for _ in range(EPOCHS):
        problem.train_epochs(1)
        run.log(accuracy=0.5)
        problem.net(torch.zeros(8, 6))
        run.log(f1=0.25)
    run.finish()
    recorded = metrics_of(run)
    assert [(step, name) for step, name, _ in recorded if name == "accuracy"] == [
        (step, "accuracy") for step in (5, 10, 15, 20)
    ]
    assert [step for step, name, _ in recorded if name == "f1"][-1] == 20
    assert len(recorded) == 8


def test_a_breakpoint_on_a_report_pauses_at_its_step(watch):
    problem = make_problem()
    run = watch(problem, steps=STEPS, plan={0: "break when accuracy >= 0.07"})
    log_after_steps(problem, run, range(21))
    run.finish()
    journal = read_lines(run.folder, "journal.jsonl")
    assert [e["step"] for e in journal if e.get("actor") == "breakpoint"] == [7]


def test_a_report_after_a_stop_is_of_its_step(watch):
    problem = make_problem()
    run = watch(problem, plan={7: "stop"})
    with pytest.raises(StoppedError):
        problem.train_epochs()
    run.log(accuracy=0.5)
    run.finish()
    assert accuracies_of(run) == [(7, 0.5)]


def test_a_submodule_called_by_itself_begins_a_step_too(watch):
    problem = make_problem()
    run = watch(problem, steps=STEPS)
    for inputs, _ in problem.loader:
        problem.optimizer.zero_grad()
        problem.net.first(inputs).mean().backward()
        problem.optimizer.step()
        run.log(accuracy=run.steps_taken / 100)
    run.finish()
    assert accuracies_of(run) == [(step, step / 100) for step in range(1, 6)]


@pytest.fixture
def compiled(monkeypatch):
    """Let the process look as if `torch.compile` had compiled something in it."""
    monkeypatch.setattr(forward, "has_compiled", lambda: True)


@pytest.mark.parametrize("steps", [(5,), (3, 4, 12), (20,), tuple(range(1, 21))])
def test_a_report_after_a_step_is_of_that_step_after_a_compilation(watch, compiled, steps):
    problem = make_problem()
    run = watch(problem)
    log_after_steps(problem, run, steps)
    run.finish()
    assert accuracies_of(run) == [(step, step / 100) for step in steps]


@pytest.mark.parametrize(
    ("value", "message"),
    [("high", "accuracy is 'high'"), (torch.ones(2), "Tensor of shape"), (None, "is None")],
)
def test_what_is_no_number_is_refused(watch, value, message):
    run = watch(make_problem())
    with pytest.raises(RefusedError, match=message):
        run.log(accuracy=value)


def test_the_network_comes_first():
    problem = make_problem()
    with pytest.raises(RefusedError, match="the network first"):
        tuitrain.watch(problem.optimizer, problem.net)


@pytest.mark.parametrize("fused", [False, True])
def test_the_loss_of_mixed_precision_is_not_scaled(watch, fused):
    problem = make_problem(fused=fused, lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    run = watch(problem)
    losses = []
    for inputs, targets in problem.loader:
        problem.optimizer.zero_grad()
        loss = F.cross_entropy(problem.net(inputs), targets)
        losses.append(loss.item())
        scaler.scale(loss).backward()
        scaler.step(problem.optimizer)
        scaler.update()
    run.finish()
    assert losses_of(run.folder) == losses


@pytest.mark.parametrize("is_given", [False, True])
def test_the_loss_of_several_backward_passes_is_their_sum_or_the_given_one(watch, is_given):
    problem = make_problem()
    body, last = (entry["params"] for entry in problem.optimizer.param_groups)
    optimizers = [torch.optim.SGD(part, lr=0.1) for part in (body, last)]
    run = watch(problem, optimizer=optimizers)
    sums, lasts = [], []
    for inputs, targets in problem.loader:
        for optimizer in optimizers:
            optimizer.zero_grad()
            loss = F.cross_entropy(problem.net(inputs), targets)
            loss.backward()
            lasts.append(loss.item())
            if is_given and optimizer is optimizers[1]:
                run.log(loss=loss.item())
            optimizer.step()
        sums.append(float(np.float32(lasts[-2]) + np.float32(lasts[-1])))
    run.finish()
    assert losses_of(run.folder) == (lasts[1::2] if is_given else sums)
