"""The traps of PyTorch that were measured: freezing, swapping, closures, gradient scaling."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import StepLR

from tests.torch_script.fixtures import commands_of, losses_of, watch
from tests.torch_script.problem import EPOCHS, STEPS, body_of, make_problem

__all__ = ["watch"]

KINDS = [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.Adagrad]
VARIANTS = [{"foreach": False}, {"foreach": True}, {"fused": True}]


# A freeze is a gradient of None in the hook before the update.


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_a_freeze_moves_nothing_in_any_variant_of_an_optimizer(watch, kind, variant):
    problem = make_problem(kind, lr=0.1, weight_decay=0.1, **variant)
    watch(problem, steps=STEPS, plan={5: "freeze body", 15: "thaw body"})
    problem.train_epochs(1)
    for _ in range(2):
        before = body_of(problem)
        for batch in problem.loader:
            problem.train(batch)
            if problem.optimizer.state[next(problem.net.first.parameters())]:
                assert body_of(problem) == before
    problem.train_epochs(1)
    assert body_of(problem) != before


def test_gradients_set_to_zero_instead_of_none_stay_frozen(watch):
    problem = make_problem(torch.optim.AdamW, lr=0.1)
    watch(problem, steps=STEPS, plan={5: "freeze body"})
    problem.train_epochs(1)
    before = body_of(problem)
    for batch in problem.loader:
        problem.optimizer.zero_grad(set_to_none=False)
        F.cross_entropy(problem.net(batch[0]), batch[1]).backward()
        problem.optimizer.step()
    assert body_of(problem) == before


def test_under_ddp_a_freeze_keeps_requires_grad_and_moves_nothing(watch, tmp_path):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1
    )
    try:
        problem = make_problem()
        problem.net = nn.parallel.DistributedDataParallel(problem.net)
        run = watch(problem, steps=STEPS, plan={5: "freeze body", 10: "thaw body"})
        problem.train_epochs(1)
        before = body_of_ddp(problem)
        problem.train_epochs(1)
        assert body_of_ddp(problem) == before
        assert all(item.requires_grad for item in problem.net.parameters())
        problem.train_epochs(2)
        assert body_of_ddp(problem) != before
        run.finish()
        assert [outcome for _, _, outcome in commands_of(run.folder)] == ["applied"] * 2
    finally:
        torch.distributed.destroy_process_group()


def body_of_ddp(problem) -> dict[str, bytes]:
    named = problem.net.module.named_parameters()
    return {n: p.detach().numpy().tobytes() for n, p in named if not n.startswith("last")}


def test_a_freeze_prunes_the_backward_pass_where_nothing_depends_on_it(watch):
    problem = make_problem()
    watch(problem, steps=STEPS, plan={5: "freeze body", 10: "thaw body"})
    problem.train_epochs(1)
    problem.train_epochs(1)
    first = problem.net.first.weight
    assert first.requires_grad
    assert any(not item.requires_grad for item in [first]) is False
    problem.train_epochs(1)
    assert first.grad is not None


# The script's optimizer object stays.


def test_a_swap_keeps_the_scripts_optimizer_and_its_scheduler(watch):
    problem = make_problem()
    scheduler = StepLR(problem.optimizer, 5, 0.5)
    entries = len(problem.optimizer.param_groups)
    run = watch(problem, steps=STEPS, plan={3: "optimizer last adamw lr=0.01"})
    for _ in range(EPOCHS):
        for batch in problem.loader:
            problem.train(batch)
            scheduler.step()
    assert len(problem.optimizer.param_groups) == entries
    assert scheduler.get_last_lr() == [0.1 * 0.5**4] * 2
    saved = copy.deepcopy(problem.optimizer.state_dict())
    run.finish()
    problem.optimizer.load_state_dict(saved)


def test_the_state_dict_that_a_script_loads_replaces_the_entries(watch):
    problem = make_problem()
    run = watch(problem, steps=STEPS, plan={7: "lr last 0.0"})
    problem.train_epochs(1)
    problem.optimizer.load_state_dict(copy.deepcopy(problem.optimizer.state_dict()))
    problem.train_epochs(1)
    assert problem.keeps(problem.net.last.weight)
    run.finish()
    assert commands_of(run.folder) == [(7, "lr last 0", "applied")]


def test_adamw_is_not_taken_for_adam(watch):
    problem = make_problem(torch.optim.AdamW, lr=0.01)
    run = watch(problem, steps=5, plan={2: "optimizer last adam"})
    problem.train_epochs(1)
    run.finish()
    assert commands_of(run.folder) == [(2, "optimizer last adam", "applied")]


# A closure is run before the hooks' work.


def test_a_freeze_holds_with_a_closure(watch):
    problem, alone = make_problem(), make_problem()
    make_problem()  # seeds the generator again
    run = watch(problem, steps=STEPS, plan={5: "freeze body"})
    before = {}
    for _ in range(2):
        before = body_of(problem)
        for batch in problem.loader:
            problem.optimizer.step(lambda batch=batch: problem.differentiate(batch))
    assert body_of(problem) == before
    run.finish()
    assert losses_of(run.folder) == problem.losses
    assert body_of(alone) != before


# Gradient scaling.


def scaled_loop(problem, scaler, batches, step) -> None:
    for number, batch in enumerate(batches):
        problem.optimizer.zero_grad()
        loss = F.cross_entropy(problem.net(batch[0]), batch[1])
        scaler.scale(loss).backward()
        if number == 3:
            next(problem.net.parameters()).grad[0] = torch.inf
        step(loss)


@pytest.mark.parametrize("fused", [False, True])
def test_a_skipped_step_is_no_step(watch, fused):
    problem = make_problem(torch.optim.SGD, lr=0.1, momentum=0.9, fused=fused)
    alone = make_problem(torch.optim.SGD, lr=0.1, momentum=0.9, fused=fused)
    scaler = torch.amp.GradScaler("cpu")

    def step(_loss) -> None:
        scaler.step(alone.optimizer)
        scaler.update()

    batches = [*alone.loader, *alone.loader]
    torch.manual_seed(1)
    scaled_loop(alone, scaler, batches, step)
    scaler = torch.amp.GradScaler("cpu")
    run = watch(problem, steps=STEPS, scaler=scaler, plan={5: "clip norm 1000"})
    torch.manual_seed(1)
    scaled_loop(problem, scaler, batches, run.step)
    assert run.steps_taken == len(batches) - 1
    assert problem.weights() == alone.weights()


def test_a_skipped_batch_is_not_used_again(watch):
    problem = make_problem()
    scaler = torch.amp.GradScaler("cpu")
    run = watch(problem, scaler=scaler)
    taken = []
    for number, batch in enumerate(run.batches(problem.loader, epochs=2)):
        taken.append(batch[0])
        loss = F.cross_entropy(problem.net(batch[0]), batch[1])
        scaler.scale(loss).backward()
        if number == 3:
            next(problem.net.parameters()).grad[0] = torch.inf
        run.step(loss)
    assert len(taken) == 11
    assert not torch.equal(taken[3], taken[4])
