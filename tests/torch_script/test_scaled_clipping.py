"""Clipping acts on unscaled gradients, whichever part unscales them."""

import pytest
import torch
from torch.nn import functional as F

from tests.torch_script.fixtures import watch
from tests.torch_script.problem import STEPS, make_problem

__all__ = ["watch"]

LIMIT = 0.05


def optimizers_of(problem, count: int, fused: bool) -> list[torch.optim.Optimizer]:
    body, last = (entry["params"] for entry in problem.optimizer.param_groups)
    parts = [[*body, *last]] if count == 1 else [body, last]
    return [torch.optim.SGD(part, lr=0.1, momentum=0.9, fused=fused) for part in parts]


def scaled_steps(problem, optimizers, scaler, finish) -> None:
    torch.manual_seed(7)
    for batch in problem.loader:
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss = F.cross_entropy(problem.net(batch[0]), batch[1])
        scaler.scale(loss).backward()
        finish(loss)


@pytest.mark.parametrize("by_step", [False, True])
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("count", [1, 2])
def test_a_clip_is_that_of_a_loop_that_unscales_first(watch, count, fused, by_step):
    alone, problem = make_problem(), make_problem()
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    optimizers = optimizers_of(alone, count, fused)

    def finish_alone(_loss) -> None:
        for optimizer in optimizers:
            scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(alone.net.parameters(), LIMIT)
        for optimizer in optimizers:
            scaler.step(optimizer)
        scaler.update()

    scaled_steps(alone, optimizers, scaler, finish_alone)
    own = torch.amp.GradScaler("cpu", init_scale=1024.0)
    watched = optimizers_of(problem, count, fused)
    plan = {0: f"clip norm {LIMIT}"}
    run = watch(problem, optimizer=watched, steps=STEPS, scaler=own, plan=plan)

    def finish(_loss) -> None:
        for optimizer in watched:
            own.step(optimizer)
        own.update()

    scaled_steps(problem, watched, own, run.step if by_step else finish)
    assert run.steps_taken == len(problem.loader)
    for name, item in problem.net.named_parameters():
        torch.testing.assert_close(
            item, dict(alone.net.named_parameters())[name], rtol=1e-4, atol=1e-6
        )


def test_a_skipped_step_of_several_optimizers_is_no_step(watch):
    problem = make_problem()
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    optimizers = optimizers_of(problem, 2, False)
    run = watch(problem, optimizer=optimizers, steps=STEPS, scaler=scaler, plan={0: "clip norm 1"})
    before = problem.weights()["last.weight"]

    def finish(loss) -> None:
        for item in problem.net.parameters():
            item.grad[:] = torch.inf
        run.step(loss)

    scaled_steps(problem, optimizers, scaler, finish)
    assert run.steps_taken == 0
    assert problem.weights()["last.weight"] == before
