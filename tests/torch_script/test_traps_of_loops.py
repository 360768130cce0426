"""The traps of PyTorch that were measured: rates, accumulation, checkpoints, loaders, modules."""

import contextlib
import random
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import ExponentialLR, LambdaLR, StepLR
from torch.utils.data import DataLoader

from tests.torch_script.fixtures import commands_of, read_lines, watch
from tests.torch_script.problem import (
    EPOCHS,
    PER_EPOCH,
    STEPS,
    Net,
    body_of,
    make_data,
    make_problem,
)

__all__ = ["watch"]


# A learning rate has one owner.


def test_a_tensor_lr_given_once_is_not_shared_by_an_edit(watch):
    problem = make_problem(torch.optim.Adam, lr=torch.tensor(0.01))
    tensor_lr = problem.optimizer.param_groups[0]["lr"]
    watch(problem, steps=STEPS, plan={0: "lr last 0"})
    last, body = problem.net.last.weight.detach().clone(), body_of(problem)
    problem.train_epochs(1)
    assert torch.equal(problem.net.last.weight, last)
    assert body_of(problem) != body
    assert float(tensor_lr) == pytest.approx(0.01)


SCHEDULERS = [
    lambda optimizer: StepLR(optimizer, 1, 0.5),
    lambda optimizer: ExponentialLR(optimizer, 0.9),
    lambda optimizer: LambdaLR(optimizer, lambda step: 1 / (1 + step)),
    lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20),
    lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=100),
]


@pytest.mark.parametrize("make", SCHEDULERS)
def test_a_scheduler_does_not_overwrite_an_edited_lr_and_is_not_disturbed(watch, make):
    problem, alone = make_problem(), make_problem()
    scheduler, expected = make(problem.optimizer), make(alone.optimizer)
    watch(problem, steps=STEPS, plan={5: "lr last 0"})
    problem.train_epochs(1)
    last = problem.net.last.weight.detach().clone()
    alone.train_epochs(1)
    for _ in range(2):
        problem.train_epochs(1)
        alone.train_epochs(1)
        scheduler.step()
        expected.step()
    assert torch.equal(problem.net.last.weight, last)
    assert scheduler.get_last_lr() == expected.get_last_lr()


def test_a_scheduler_counts_until_a_command_sets_the_lr(watch):
    problem, alone = make_problem(), make_problem()
    schedulers = [StepLR(item.optimizer, 3, 0.5) for item in (problem, alone)]
    make_problem()
    for item, scheduler in zip((alone, problem), reversed(schedulers), strict=True):
        torch.manual_seed(5)
        if item is problem:
            watch(problem, steps=STEPS)
        for _ in range(EPOCHS):
            for batch in item.loader:
                item.train(batch)
                scheduler.step()
    assert problem.weights() == alone.weights()


# Gradient accumulation: the boundary is the optimizer's step.


def test_accumulated_gradients_are_one_step(watch):
    problem, alone = make_problem(), make_problem()
    make_problem()
    torch.manual_seed(2)
    run = watch(problem)
    for number, batch in enumerate(run.batches(problem.loader, epochs=4, accumulate=2)):
        loss = F.cross_entropy(problem.net(batch[0]), batch[1]) / 2
        loss.backward()
        if number % 2:
            run.step()
    run.finish()
    torch.manual_seed(2)
    batches = (batch for _ in range(4) for batch in alone.loader)
    for number, batch in enumerate(batches):
        (F.cross_entropy(alone.net(batch[0]), batch[1]) / 2).backward()
        if number % 2:
            alone.optimizer.step()
            alone.optimizer.zero_grad()
    assert run.steps_taken == 10
    assert problem.weights() == alone.weights()


# Distributed checkpoints.


def test_the_step_of_a_distributed_checkpoint_is_no_step(watch):
    from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

    problem = make_problem(torch.optim.Adam, lr=0.1)
    run = watch(problem, steps=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        get_optimizer_state_dict(problem.net, problem.optimizer)
    assert run.steps_taken == 0
    problem.train_epochs(1)
    assert run.steps_taken == 5


# Loaders draw from the generators of the process.


class Noisy(torch.utils.data.Dataset):
    """Samples with noise from all generators of the process."""

    def __init__(self) -> None:
        self.data, self.loaded = make_data(), []

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index):
        self.loaded.append(index)
        inputs, target = self.data[index]
        noise = torch.rand(()) + random.random() + float(np.random.rand())
        return inputs + noise, target


def test_batches_have_the_bits_of_a_plain_loop_with_a_loader_that_draws(watch):
    losses = []
    for watched in (False, True):
        problem = make_problem()
        problem.loader = DataLoader(Noisy(), 8, shuffle=True)
        torch.manual_seed(3), random.seed(3), np.random.seed(3)
        if watched:
            run = watch(problem)
            for batch in run.batches(problem.loader, epochs=3):
                run.step(problem.differentiate(batch))
        else:
            problem.train_epochs(3)
        losses.append(problem.losses)
    assert losses[0] == losses[1]


# Tied parameters, several optimizers, lazy modules, compiled networks.


class Tied(nn.Module):
    """An embedding whose table is the output layer's weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 3)
        self.again = nn.Linear(3, 3)
        self.last = nn.Linear(3, 3)
        self.last.weight = self.again.weight

    def forward(self, x):
        return self.last(torch.relu(self.again(torch.relu(self.first(x)))))


def test_a_tied_parameter_is_one_parameter_under_all_of_its_names(watch):
    torch.manual_seed(0)
    problem = make_problem()
    problem.net = Tied()
    problem.optimizer = torch.optim.SGD(problem.net.parameters(), lr=0.1)
    run = watch(problem, steps=STEPS, plan={5: "freeze last.weight"})
    problem.train_epochs(1)
    assert problem.keeps(problem.net.again.weight)
    run.finish()
    assert commands_of(run.folder) == [(5, "freeze last.weight", "applied")]


def test_several_optimizers_make_one_step(watch):
    problem = make_problem()
    body, last = (entry["params"] for entry in problem.optimizer.param_groups)
    pair = [torch.optim.SGD(body, lr=0.1), torch.optim.Adam(last, lr=0.01)]
    run = watch(problem, optimizer=pair, steps=STEPS, plan={5: "freeze last"})
    for _ in range(2):
        before = problem.net.last.weight.detach().clone()
        for batch in problem.loader:
            problem.differentiate(batch)
            for optimizer in pair:
                optimizer.step()
    assert run.steps_taken == 10
    assert torch.equal(problem.net.last.weight, before)


def test_lazy_modules_are_watched_before_their_first_batch(watch):
    problem = make_problem()
    problem.net = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))
    problem.optimizer = torch.optim.SGD(problem.net.parameters(), lr=0.1)
    run = watch(problem, steps=STEPS, plan={5: "freeze 0.*"})
    problem.train_epochs(1)
    assert problem.keeps(problem.net[0].weight)
    assert run.steps_taken == 10


@pytest.mark.slow
def test_a_freeze_of_a_compiled_network_moves_nothing(watch):
    problem = make_problem()
    problem.net = torch.compile(problem.net, backend="eager")
    run = watch(problem, steps=STEPS, plan={5: "freeze body", 10: "thaw body"})
    problem.train_epochs(1)
    named = dict(problem.net.named_parameters())
    before = named["_orig_mod.first.weight"].detach().clone()
    problem.train_epochs(1)
    assert torch.equal(named["_orig_mod.first.weight"], before)
    problem.train_epochs(2)
    assert not torch.equal(named["_orig_mod.first.weight"], before)
    run.finish()
    assert [outcome for _, _, outcome in commands_of(run.folder)] == ["applied"] * 2


def test_a_frozen_norm_layer_normalizes_by_its_statistics_in_any_mode(watch):
    problem = make_problem()
    watch(problem, steps=STEPS, plan={5: "freeze body"})
    problem.train_epochs(1)
    means = problem.net.norm.running_mean.clone()
    problem.net.train()
    problem.train_epochs(1)
    assert torch.equal(problem.net.norm.running_mean, means)
    assert isinstance(problem.net, Net)


def test_a_regroup_that_changes_nothing_takes_no_rate_from_the_script(watch):
    problem = make_problem()
    plan = {0: "group top = last.*", 1: "lr body 0.05", 2: "group top = last.*"}
    run = watch(problem, steps=STEPS, plan=plan)
    for epoch in range(EPOCHS):
        problem.optimizer.param_groups[1]["lr"] = 0.5 / (epoch + 1)
        problem.train_epochs(1)
    outcomes = [outcome for _, _, outcome in commands_of(run.folder)]
    assert outcomes == ["applied", "applied", "unchanged"]
    assert problem.optimizer.param_groups[1]["lr"] == 0.5 / EPOCHS


class Halved(torch.optim.SGD):
    """Calls the step of its base; an error may end its step before or after that."""

    errors: tuple[int, ...] = ()

    def step(self, closure=None):
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls in self.errors:
            raise ArithmeticError
        return super().step(closure)


@pytest.mark.parametrize("errors", [(), (3, 4)])
def test_a_step_that_calls_that_of_its_base_is_one_step(watch, errors):
    torch.optim.SGD([torch.zeros(1)])  # PyTorch calls hooks in the steps of classes with objects
    problem = make_problem(Halved, Plain, lr=0.1)
    problem.optimizer.errors = errors
    run = watch(problem, steps=STEPS)
    for batch in problem.loader:
        problem.differentiate(batch)
        with contextlib.suppress(ArithmeticError):
            problem.optimizer.step()
    assert run.steps_taken == PER_EPOCH - len(errors)


# The digest of an end is that of a boundary.


class CutOff(torch.optim.SGD):
    """Raises in the middle of its seventh update."""

    def step(self, closure=None):
        loss = super().step(closure)
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls == 7:
            raise KeyboardInterrupt
        return loss


def train_until_cut(problem, run) -> dict:
    with pytest.raises((KeyboardInterrupt, ValueError)) as raised:
        problem.train_epochs()
    run.finish(raised.value)
    return read_lines(run.folder, "journal.jsonl")[-1]


class Plain(nn.Module):
    """Two linear layers: a network without buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(F.relu(self.first(x)))


def test_a_loop_that_is_cut_off_in_an_update_records_no_digest(watch):
    problem = make_problem(CutOff, Plain, lr=0.1)
    end = train_until_cut(problem, watch(problem, steps=STEPS))
    assert (end["step"], end["reason"], end["digests"]) == (6, "interrupted", {})


@pytest.mark.parametrize(("net", "is_whole"), [(Plain, True), (Net, False)])
def test_a_loop_that_is_cut_off_after_a_forward_pass_records_a_digest_unless_it_has_buffers(
    watch, net, is_whole
):
    problem = make_problem(net=net)
    run, passes = watch(problem, steps=STEPS), []

    def fail(*_):
        passes.append(run.steps_taken)
        if len(passes) == 7:
            raise ValueError

    problem.net.register_forward_hook(fail)
    end = train_until_cut(problem, run)
    assert (end["step"], end["reason"], bool(end["digests"])) == (6, "failed", is_whole)


@pytest.mark.parametrize("net", [Plain, Net])
def test_a_loop_that_is_cut_off_between_two_steps_records_the_digest(watch, net):
    problem = make_problem(net=net)
    run = watch(problem, steps=STEPS)
    problem.train_epochs(1)
    run.finish(KeyboardInterrupt())
    end = read_lines(run.folder, "journal.jsonl")[-1]
    assert (end["step"], end["reason"], bool(end["digests"])) == (PER_EPOCH, "interrupted", True)
