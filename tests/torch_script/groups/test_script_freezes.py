"""The ``requires_grad`` that a script sets is the script's: same bits, shown, recorded."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

import tuitrain
from tests.script.test_live import fly
from tests.torch_script.fixtures import commands_of, messages_of, watch
from tests.torch_script.problem import (
    EPOCHS,
    PER_EPOCH,
    STEPS,
    Problem,
    body_of,
    make_data,
    make_problem,
)
from tests.torch_script.test_live import wait_for_step
from tuitrain.run.snapshot import Phase

__all__ = ["fly", "watch"]

KINDS = [torch.optim.SGD, torch.optim.AdamW]


def body(problem: Problem) -> list[nn.Parameter]:
    return [item for n, item in problem.net.named_parameters() if not n.startswith("last")]


def require(problem: Problem, wanted: bool) -> None:
    for item in body(problem):
        item.requires_grad_(wanted)


def make_frozen(kind=torch.optim.SGD) -> Problem:
    problem = make_problem(kind, lr=0.05, weight_decay=0.1)
    require(problem, False)
    return problem


# What a script does between two epochs, by the number of the epoch.
SCRIPTS = {
    "always frozen": {},
    "gradual unfreezing": {2: True},
    "frozen in the middle": {0: True, 2: False},
    "frozen and thawed": {0: True, 1: False, 3: True},
}


def train(problem, epochs, batches, changes, set_to_none=True, step=None) -> None:
    """Train as a script does that freezes and thaws the body before some epochs."""
    for epoch in epochs:
        if epoch in changes:
            require(problem, changes[epoch])
        for inputs, targets in batches():
            problem.optimizer.zero_grad(set_to_none=set_to_none)
            loss = F.cross_entropy(problem.net(inputs), targets)
            loss.backward()
            (step or (lambda _: problem.optimizer.step()))(loss)


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_that_freezes_and_thaws_trains_the_same_bits(watch, changes, kind, set_to_none):
    alone, one_line, three = make_frozen(kind), make_frozen(kind), make_frozen(kind)
    torch.manual_seed(1)
    train(alone, range(EPOCHS), lambda: alone.loader, changes, set_to_none)
    torch.manual_seed(1)
    watch(one_line, steps=STEPS)
    train(one_line, range(EPOCHS), lambda: one_line.loader, changes, set_to_none)
    run = watch(three)
    torch.manual_seed(1)
    epochs = run.epochs(three.loader, EPOCHS)
    step = run.step if set_to_none else None  # it clears gradients to None
    train(three, epochs, run.batches, changes, set_to_none, step)
    run.finish()
    assert one_line.weights() == alone.weights()
    assert three.weights() == alone.weights()


class Gan(nn.Module):
    """A generator and a discriminator, each with a norm layer."""

    def __init__(self) -> None:
        super().__init__()
        self.G = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 6))
        self.D = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))


def make_gan() -> tuple[Gan, list[torch.optim.Optimizer]]:
    torch.manual_seed(0)
    net = Gan()
    return net, [torch.optim.Adam(part.parameters(), lr=0.01) for part in (net.D, net.G)]


def train_gan(net, optimizers, batches, toggles: bool = True) -> None:
    """Train with a discriminator that requires gradients in its own half of each step only."""
    first, second = optimizers
    for images, _ in batches:
        if toggles:
            net.D.requires_grad_(True)
        made = net.G(torch.randn(8, 4))
        first.zero_grad()
        (F.softplus(net.D(made.detach())) + F.softplus(-net.D(images))).mean().backward()
        first.step()
        if toggles:
            net.D.requires_grad_(False)
        second.zero_grad()
        F.softplus(-net.D(made)).mean().backward()
        second.step()


def gan_bits(net) -> list[bytes]:
    return [item.detach().numpy().tobytes() for item in net.state_dict().values()]


@pytest.mark.parametrize("has_batches", [False, True])
def test_a_discriminator_that_is_toggled_in_every_step_trains_the_same_bits(fly, has_batches):
    loader = DataLoader(make_data(), 8, shuffle=True)
    alone, optimizers = make_gan()
    torch.manual_seed(1)
    train_gan(alone, optimizers, (batch for _ in range(EPOCHS) for batch in loader))
    net, optimizers = make_gan()

    def script() -> None:
        torch.manual_seed(1)
        run = tuitrain.watch(net, optimizers, plan={STEPS - 1: "pause"})
        plain = (batch for _ in range(EPOCHS) for batch in loader)
        train_gan(net, optimizers, run.batches(loader, EPOCHS) if has_batches else plain)
        run.finish()

    deck = fly(script)
    shown = deck.wait_for(Phase.PAUSED)
    assert [(group.name, group.frozen_since) for group in shown.groups] == [
        ("D", None),
        ("G", None),
    ]
    deck.do("resume")
    deck.wait_for(Phase.FINISHED)
    assert gan_bits(net) == gan_bits(alone)


@pytest.mark.parametrize("toggles", [False, True])
@pytest.mark.parametrize("part", ["D", "G"])
def test_a_command_freezes_one_of_two_optimizers(watch, part, toggles):
    net, optimizers = make_gan()
    loader = DataLoader(make_data(), 8)
    problem = Problem(net, loader, optimizers[0])
    plan = {5: f"freeze {part}", 7: "lr * x0.5", 10: f"thaw {part}"}
    watch(problem, optimizer=optimizers, steps=STEPS, plan=plan)

    def bits() -> list[bytes]:
        return gan_bits(getattr(net, part))

    train_gan(net, optimizers, loader, toggles)
    train_gan(net, optimizers, [next(iter(loader))], toggles)
    frozen = bits()
    train_gan(net, optimizers, list(loader)[:3], toggles)
    assert bits() == frozen
    train_gan(net, optimizers, loader, toggles)
    assert bits() != frozen


def test_the_deck_shows_what_the_script_has_frozen_and_follows_it(fly):
    problem = make_frozen()

    def script() -> None:
        plan = {2: "pause", 12: "pause", 17: "pause"}
        tuitrain.watch(problem.net, problem.optimizer, steps=STEPS, plan=plan)
        train(problem, range(EPOCHS), lambda: problem.loader, {2: True, 3: False})

    deck = fly(script)
    shown = wait_for_step(deck, 2).groups
    assert [(g.frozen_since, g.is_frozen_by_script) for g in shown] == [(0, True), (None, False)]
    assert shown[0].frozen_intact is None
    assert all(row.frozen_since == 0 for row in shown[0].parameters)
    deck.do("resume")
    shown = wait_for_step(deck, 12).groups
    assert (shown[0].frozen_since, shown[0].is_frozen_by_script) == (None, False)
    deck.do("resume")
    assert wait_for_step(deck, 17).groups[0].frozen_since == 15
    deck.do("freeze body")
    deck.do("step 1")
    shown = wait_for_step(deck, 18).groups[0]
    assert (shown.frozen_since, shown.frozen_intact, shown.is_frozen_by_script) == (17, True, False)


def test_a_freeze_by_a_command_wins_until_a_thaw_by_a_command(watch):
    problem = make_frozen()
    plan = {1: ["freeze body", "freeze body"], 15: ["thaw body", "thaw body"]}
    run = watch(problem, steps=STEPS, plan=plan)
    before = body_of(problem)
    statistics = problem.net.norm.running_mean.clone()
    train(problem, range(1), lambda: problem.loader, {})
    held = problem.net.norm.running_mean.clone()
    assert not torch.equal(held, statistics)  # the step before the command
    train(problem, range(1, 3), lambda: problem.loader, {1: True})
    assert body_of(problem) == before
    train(problem, range(3, 4), lambda: problem.loader, {})
    assert body_of(problem) != before
    run.finish()
    outcomes = [outcome for *_, outcome in commands_of(run.folder)]
    assert outcomes == ["applied", "unchanged"] * 2


def test_a_thaw_by_a_command_trains_what_the_script_has_frozen_until_it_freezes_again(watch):
    problem = make_frozen()
    run = watch(problem, steps=STEPS, plan={PER_EPOCH: "thaw body"})
    before = body_of(problem)
    train(problem, range(1), lambda: problem.loader, {})
    assert body_of(problem) == before
    train(problem, range(1, 2), lambda: problem.loader, {})
    after = body_of(problem)
    assert after != before
    train(problem, range(2, 4), lambda: problem.loader, {2: False})
    assert body_of(problem) == after
    run.finish()
    assert messages_of(run.folder) == ["body thawed: 4 parameters, optimizer state kept"]


@pytest.mark.parametrize("command", ["freeze last", "lr last 0.01"])
def test_a_command_for_another_group_changes_no_requires_grad_of_the_script(watch, command):
    problem = make_problem()
    watch(problem, steps=STEPS, plan={7: command})
    train(problem, range(1), lambda: problem.loader, {})
    require(problem, False)
    before = body_of(problem)
    train(problem, range(1, 3), lambda: problem.loader, {})
    assert not any(item.requires_grad for item in body(problem))
    assert body_of(problem) == before


def test_norm_layers_that_the_script_has_frozen_update_their_statistics(watch):
    problem = make_frozen()
    watch(problem, steps=STEPS)
    before = problem.net.norm.running_var.clone()
    problem.train_epochs(1)
    assert not torch.equal(problem.net.norm.running_var, before)


@pytest.mark.parametrize("back", [3, 7, 9])
def test_a_rewind_over_the_step_of_a_thaw_is_exact(fly, back):
    problem = make_frozen()

    def script() -> None:
        run = tuitrain.watch(problem.net, problem.optimizer, plan={12: "pause"})
        for inputs, targets in run.batches(problem.loader, epochs=EPOCHS):
            if run.steps_taken == 7:
                require(problem, True)
            loss = F.cross_entropy(problem.net(inputs), targets)
            loss.backward()
            run.step(loss)

    deck = fly(script)
    first = deck.wait_for(Phase.PAUSED).loss.values.tolist()
    weights = problem.weights()
    assert deck.do(f"rewind {back}").outcome == "applied"
    assert deck.live.snapshot().groups[0].frozen_since == (0 if back <= 7 else None)
    assert deck.do(f"step {12 - back}").outcome == "applied"
    assert wait_for_step(deck, 12).loss.values.tolist() == first
    assert problem.weights() == weights
    assert deck.live.snapshot().groups[0].frozen_since is None
