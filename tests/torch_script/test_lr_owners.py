"""Whose a learning rate is: the script's, that of a command, and the script's again."""

import pytest
from torch.optim.lr_scheduler import StepLR

import tuitrain
from tests.script.test_live import fly
from tests.torch_script.fixtures import commands_of, messages_of, watch
from tests.torch_script.problem import EPOCHS, STEPS, make_problem
from tests.torch_script.test_live import wait_for_step
from tuitrain.run.snapshot import Phase

__all__ = ["fly", "watch"]


def script_with(plan):
    def script() -> None:
        problem = make_problem()
        scheduler = StepLR(problem.optimizer, 4, 0.5)
        run = tuitrain.watch(problem.net, problem.optimizer, plan=plan, schedulers=scheduler)
        for batch in run.batches(problem.loader, epochs=EPOCHS):
            run.step(problem.differentiate(batch))
            scheduler.step()

    return script


def rates_of(problem, watch, plan) -> tuple[list[float], object]:
    """Train with a scheduler, and return the lr of ``last`` in each update."""
    scheduler = StepLR(problem.optimizer, 4, 0.5)
    run = watch(problem, steps=STEPS, plan=plan)
    rates = []
    entry = problem.optimizer.param_groups[1]
    # The hook after that of `watch` sees the rate of the update.
    problem.optimizer.register_step_pre_hook(lambda *_: rates.append(entry["lr"]))
    for _ in range(EPOCHS):
        for batch in problem.loader:
            problem.train(batch)
            scheduler.step()
    run.finish()
    return rates, run


def test_auto_gives_the_rate_back_to_a_scheduler_which_has_counted_on(watch):
    plan = {2: "lr last 0.7", 6: "lr last auto", 9: "lr last x0.5", 13: "lr * auto"}
    rates, run = rates_of(make_problem(), watch, plan)
    scheduled = [0.1 * 0.5 ** (step // 4) for step in range(STEPS)]
    ours = {**dict.fromkeys(range(2, 6), 0.7), **dict.fromkeys(range(9, 13), 0.0125)}
    assert rates == pytest.approx([ours.get(step, rate) for step, rate in enumerate(scheduled)])
    assert commands_of(run.folder)[1] == (6, "lr last auto", "applied")
    assert messages_of(run.folder)[1] == "last: lr 0.05, set by the script from here on"


def test_auto_of_what_is_the_scripts_is_unchanged_and_unknown_groups_are_refused(watch):
    plan = {1: ["lr last auto", "lr lst auto", "group top = body.* first.*"]}
    problem = make_problem()
    run = watch(problem, steps=STEPS, plan=plan)
    problem.train_epochs(1)
    run.finish()
    assert [outcome for *_, outcome in commands_of(run.folder)][:2] == ["unchanged", "refused"]
    assert messages_of(run.folder)[0] == "the script sets the lr of last already"


def test_a_group_of_several_entries_has_no_rate_of_the_script(watch):
    problem = make_problem()
    plan = {1: ["lr * 0.2", "group top = first.* last.*", "lr top auto"]}
    run = watch(problem, steps=STEPS, plan=plan)
    problem.train_epochs(1)
    run.finish()
    assert [outcome for *_, outcome in commands_of(run.folder)] == ["applied", "applied", "refused"]
    assert "are in 2 param_groups of the script" in messages_of(run.folder)[2]


def test_a_rate_that_a_swap_sets_is_not_overwritten_by_the_scheduler(watch):
    problem = make_problem()
    scheduler = StepLR(problem.optimizer, 1, 0.5)
    run = watch(problem, steps=STEPS, plan={1: "optimizer last adam lr=0"})
    problem.train_epochs(1)
    last = problem.net.last.weight.detach().clone()
    scheduler.step()
    problem.train_epochs(1)
    run.finish()
    assert problem.net.last.weight.equal(last)


def test_the_groups_say_whose_the_rate_is(fly):
    deck = fly(script_with({5: "pause"}))
    shown = deck.wait_for(Phase.PAUSED)
    assert [group.schedule for group in shown.groups] == ["script", "script"]
    assert deck.do("lr last 0.3").outcome == "applied"
    schedules = [group.schedule for group in deck.live.snapshot().groups]
    assert schedules == ["script", "constant"]
    assert deck.do("lr last auto").outcome == "applied"
    assert {group.schedule for group in deck.live.snapshot().groups} == {"script"}


def test_a_way_back_restores_whose_the_rate_is(fly):
    deck = fly(script_with({4: "lr last 0.7", 8: "lr last auto", 16: "pause"}))
    first = deck.wait_for(Phase.PAUSED).loss.values.tolist()
    assert deck.do("rewind 6").outcome == "applied"
    assert deck.live.snapshot().groups[1].lr == 0.7
    assert deck.live.snapshot().groups[1].schedule == "constant"
    assert deck.do("lr last auto").outcome == "applied"
    assert deck.do("undo").outcome == "applied"
    assert deck.live.snapshot().groups[1].schedule == "constant"
    assert deck.do("branch main").outcome == "applied"
    shown = wait_for_step(deck, 16)
    assert shown.groups[1].schedule == "script"
    assert shown.loss.values.tolist() == first
