"""Updates that need nothing from a run are taken with little work, and the same bits."""

import pytest
import torch
from torch import nn

import tuitrain
from tests.torch_script.fixtures import losses_of
from tests.torch_script.problem import make_problem
from tuitrain.engines.torch.optimizers import UpdateCounts
from tuitrain.engines.torch.script import step_loss
from tuitrain.errors import RefusedError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_an_lr_that_the_script_edits_within_a_turn_counts_from_the_next_update():
    alone, problem = make_problem(), make_problem()
    for item in (alone, problem):
        torch.manual_seed(1)
        run = None if item is alone else tuitrain.watch(item.net, item.optimizer)
        for index in range(4):
            item.train_epochs(1)
            item.optimizer.param_groups[0]["lr"] = 0.1 / (index + 2)
        if run is not None:
            run.finish()
    assert problem.weights() == alone.weights()


def test_a_group_added_within_a_turn_is_refused_at_its_first_update():
    problem = make_problem()
    run = tuitrain.watch(problem.net, problem.optimizer)
    problem.train_epochs(1)
    problem.optimizer.add_param_group({"params": [nn.Parameter(torch.zeros(2))]})
    with pytest.raises(RefusedError, match="add_param_group"):
        problem.train_epochs(1)
    run.finish()


def test_only_updates_of_parameters_with_a_gradient_are_counted():
    with_gradient, without = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
    with_gradient.grad = torch.ones(2)
    counts = UpdateCounts()
    for _ in range(5):
        counts.count([with_gradient, without])
    counts.set(without, 7)
    without.grad = torch.ones(2)
    counts.count([with_gradient, without])
    assert (counts.of(with_gradient), counts.of(without)) == (6, 8)


def test_losses_on_another_device_are_read_when_a_turn_ends(monkeypatch):
    monkeypatch.setattr(step_loss, "is_remote", lambda loss: True)
    problem = make_problem()
    plan = {7: "break when grad_norm body > 1000"}
    run = tuitrain.watch(problem.net, problem.optimizer, plan=plan)
    problem.train_epochs(4)
    run.finish()
    assert losses_of(run.folder) == problem.losses
