"""Accelerate works by the one line, on what `prepare` returns."""

import pytest
import torch
from accelerate import Accelerator

from tests.torch_script.fixtures import commands_of, losses_of, watch
from tests.torch_script.problem import EPOCHS, STEPS, make_problem

__all__ = ["watch"]


def prepare(accumulate: int = 1):
    problem = make_problem()
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=accumulate)
    parts = accelerator.prepare(problem.net, problem.optimizer, problem.loader)
    problem.net, problem.optimizer, problem.loader = parts
    return accelerator, problem


def train(accelerator, problem) -> None:
    for _ in range(EPOCHS):
        for inputs, targets in problem.loader:
            with accelerator.accumulate(problem.net):
                loss = torch.nn.functional.cross_entropy(problem.net(inputs), targets)
                accelerator.backward(loss)
                problem.optimizer.step()
                problem.optimizer.zero_grad()


def test_a_watched_loop_trains_the_same_bits_and_is_steered(watch):
    accelerator, alone = prepare()
    train(accelerator, alone)
    accelerator, problem = prepare()
    run = watch(problem)
    train(accelerator, problem)
    run.finish()
    assert problem.weights() == alone.weights()
    accelerator, problem = prepare()
    run = watch(problem, plan={0: "freeze body"}, steps=STEPS)
    before = problem.weights()
    train(accelerator, problem)
    run.finish()
    changed = {
        name
        for name, _ in problem.net.named_parameters()
        if problem.weights()[name] != before[name]
    }
    assert changed == {"last.weight", "last.bias"}


@pytest.mark.filterwarnings("ignore")  # of Accelerate, about a scheduler of the loop
def test_accumulated_batches_are_one_step(watch):
    accelerator, problem = prepare(accumulate=2)
    run = watch(problem, plan={5: "lr * 0.01"}, steps=12)
    train(accelerator, problem)
    run.finish()
    assert run.steps_taken == 12  # the last batch of an epoch of five is a step of its own
    assert commands_of(run.folder) == [(5, "lr * 0.01", "applied")]
    assert len(losses_of(run.folder)) == 12


def test_batches_of_a_prepared_loader_let_the_run_go_back(watch):
    accelerator, problem = prepare()
    run = watch(problem, plan={9: "rewind 4"}, steps=STEPS)
    for inputs, targets in run.batches(problem.loader):
        loss = torch.nn.functional.cross_entropy(problem.net(inputs), targets)
        accelerator.backward(loss)
        problem.optimizer.step()
        problem.optimizer.zero_grad()
    run.finish()
    losses = losses_of(run.folder)
    assert losses[4:9] == losses[9:14]
