"""An entry of ``param_groups`` without parameters is no group, and stays in the optimizer."""

import pytest
import torch
from torch.optim.lr_scheduler import StepLR

import tuitrain
from tests.script.test_live import fly
from tests.torch_script.fixtures import commands_of, watch
from tests.torch_script.problem import EPOCHS, STEPS, Net, Problem, groups_of, make_problem
from tests.torch_script.test_live import wait_for_step
from tuitrain.errors import RefusedError
from tuitrain.run.snapshot import Phase

__all__ = ["fly", "watch"]


def make_with_empty(place: int = 2, name: str | None = "no_decay") -> Problem:
    """Return a problem whose optimizer has an entry without parameters at a place."""
    problem = make_problem()
    entries = groups_of(problem.net)
    entries.insert(place, {"params": [], **({"name": name} if name else {})})
    problem.optimizer = torch.optim.SGD(entries, lr=0.1, momentum=0.9)
    return problem


def train(problem: Problem) -> None:
    scheduler = StepLR(problem.optimizer, 3, 0.5)
    for _ in range(STEPS):
        problem.train(next(iter(problem.loader)))
        scheduler.step()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_script_with_an_empty_entry_trains_the_same_bits(watch, place):
    alone, problem = make_with_empty(place), make_with_empty(place)
    torch.manual_seed(1)
    train(alone)
    torch.manual_seed(1)
    run = watch(problem, steps=STEPS)
    train(problem)
    run.finish()
    assert problem.weights() == alone.weights()
    rates = [entry["lr"] for entry in problem.optimizer.param_groups]
    assert rates == [entry["lr"] for entry in alone.optimizer.param_groups]
    assert problem.optimizer.param_groups[place]["params"] == []


def test_the_groups_are_those_with_parameters_and_take_every_command(watch):
    plan = {
        1: ["lr * 0.05", "freeze body", "lr no_decay 1"],
        2: ["thaw body", "lr * auto", "group all = *"],
        3: ["optimizer all adam", "group last = last.*"],
        4: ["optimizer * sgd momentum=0.9", "freeze *"],
    }
    problem = make_with_empty(1)
    run = watch(problem, steps=STEPS, plan=plan)
    problem.train_epochs(EPOCHS)
    run.finish()
    outcomes = [outcome for *_, outcome in commands_of(run.folder)]
    assert outcomes == ["applied", "applied", "refused", *["applied"] * 7]


def test_the_deck_shows_the_groups_with_parameters_and_goes_back(fly):
    problem = make_with_empty(0)

    def script() -> None:
        run = tuitrain.watch(problem.net, problem.optimizer, plan={12: "pause"})
        for batch in run.batches(problem.loader, epochs=EPOCHS):
            run.step(problem.differentiate(batch))

    deck = fly(script)
    shown = deck.wait_for(Phase.PAUSED)
    assert [group.name for group in shown.groups] == ["body", "last"]
    first, weights = shown.loss.values.tolist(), problem.weights()
    assert deck.do("rewind 4").outcome == "applied"
    assert deck.do("step 8").outcome == "applied"
    assert wait_for_step(deck, 12).loss.values.tolist() == first
    assert problem.weights() == weights


def test_the_only_group_with_parameters_is_called_as_if_it_were_alone(fly):
    torch.manual_seed(0)
    net = Net()
    problem = make_problem()
    optimizer = torch.optim.SGD([{"params": net.parameters()}, {"params": []}], lr=0.1)

    def script() -> None:
        tuitrain.watch(net, optimizer, steps=STEPS, plan={2: "pause"})
        Problem(net, problem.loader, optimizer).train_epochs(1)

    shown = fly(script).wait_for(Phase.PAUSED)
    assert [group.name for group in shown.groups] == ["all"]


def test_an_optimizer_without_parameters_is_refused(watch):
    problem = make_problem()
    optimizer = torch.optim.SGD([{"params": []}], lr=0.1)
    with pytest.raises(RefusedError, match="each of its param_groups is empty"):
        watch(problem, optimizer=optimizer)
    run = watch(problem, optimizer=[optimizer, problem.optimizer], steps=STEPS)
    for batch in problem.loader:
        problem.differentiate(batch)
        problem.optimizer.step()
        optimizer.step()
    assert run.folder.exists()
