"""What a script changes after `watch`, and commands that its parts do not allow, are refused."""

import multiprocessing

import pytest
import torch
from torch import nn

from tests.torch_script.fixtures import commands_of, messages_of, watch
from tests.torch_script.problem import STEPS, make_problem
from tuitrain.errors import RefusedError

__all__ = ["watch"]


def test_a_group_added_after_watch_is_refused(watch):
    problem = make_problem()
    watch(problem, steps=STEPS)
    problem.train_epochs(1)
    problem.optimizer.add_param_group({"params": [nn.Parameter(torch.zeros(3))], "lr": 0.1})
    with pytest.raises(RefusedError, match="call add_param_group before watch"):
        problem.train_epochs(1)


def test_loaded_state_is_no_other_group(watch):
    problem = make_problem()
    run = watch(problem, steps=STEPS)
    problem.train_epochs(1)
    problem.optimizer.load_state_dict(problem.optimizer.state_dict())
    problem.train_epochs(1)
    assert run.steps_taken == 10


@pytest.mark.parametrize("name", ["last", "last.weight"])
def test_a_part_replaced_after_watch_is_refused_by_name(watch, name):
    problem = make_problem()
    watch(problem, steps=STEPS)
    if name == "last":
        problem.net.last = nn.Linear(8, 3)
    else:
        problem.net.last.weight = nn.Parameter(torch.zeros(3, 8))
    with pytest.raises(RefusedError, match=f"^{name} of the network was replaced after watch"):
        problem.train_epochs(1)


def test_a_part_replaced_between_steps_is_refused(watch):
    problem = make_problem()
    watch(problem)
    with pytest.raises(RefusedError, match=r"^last of the network was replaced"):
        for batch in problem.loader:
            for _ in range(2000):
                problem.train(batch)
                problem.net.last = nn.Linear(8, 3)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_thaw_of_what_was_frozen_before_ddp_is_refused(watch, tmp_path, when):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1
    )
    try:
        problem = make_problem()
        problem.net.first.weight.requires_grad_(when == "after")
        problem.net = nn.parallel.DistributedDataParallel(problem.net)
        plan = {1: "freeze first.weight", 2: ["thaw first.bias", "thaw first.*"]}
        run = watch(problem, steps=STEPS, plan=plan)
        problem.train_epochs(1)
        run.finish()
        outcomes = [outcome for *_, outcome in commands_of(run.folder)]
        if when == "after":
            assert outcomes == ["applied", "unchanged", "applied"]
        else:
            assert outcomes == ["applied", "unchanged", "refused"]
            assert "first.weight cannot be thawed" in messages_of(run.folder)[2]
    finally:
        torch.distributed.destroy_process_group()


def test_what_was_frozen_without_ddp_is_thawed(watch):
    problem = make_problem()
    problem.net.first.weight.requires_grad_(False)
    run = watch(problem, steps=STEPS, plan={2: "thaw first.weight"})
    before = problem.net.first.weight.detach().clone()
    problem.train_epochs(1)
    run.finish()
    assert commands_of(run.folder) == [(2, "thaw first.weight", "applied")]
    assert not problem.net.first.weight.equal(before)


def train_in_child(problem, answers) -> None:
    try:
        problem.train_epochs(1)
    except RefusedError as refusal:
        answers.put(str(refusal))
    else:
        answers.put("trained")


def test_a_process_forked_after_watch_is_refused(watch):
    problem = make_problem()
    run = watch(problem, steps=STEPS)
    problem.train_epochs(1)
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=train_in_child, args=(problem, answers))
    child.start()
    assert "was forked after watch" in answers.get(timeout=60)
    child.join(60)
    assert child.exitcode == 0
    problem.train_epochs(1)
    assert run.steps_taken == 10
