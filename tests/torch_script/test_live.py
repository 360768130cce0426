"""A loop in PyTorch under a live run, as the app has it: commands, the way back, and both ends."""

import math

import pytest
import torch

import tuitrain
from tests.script.test_live import TIMEOUT, fly
from tests.torch_script.problem import make_problem
from tuitrain.run.snapshot import Phase

__all__ = ["fly"]


def with_batches(epochs: int = 10, plan=None, problem=None, **settings):
    def script() -> None:
        made = problem or make_problem()
        run = tuitrain.watch(made.net, made.optimizer, plan=plan, **settings)
        for batch in run.batches(made.loader, epochs=epochs):
            run.step(made.differentiate(batch))

    return script


def one_line(plan=None):
    def script() -> None:
        problem = make_problem()
        tuitrain.watch(problem.net, problem.optimizer, steps=50, plan=plan)
        problem.train_epochs(10)

    return script


def losses(deck):
    return deck.live.snapshot().loss.values.tolist()


def wait_for_step(deck, step: int):
    return deck.live.wait_for(
        lambda shown: shown.step == step and shown.phase is Phase.PAUSED, TIMEOUT
    )


def test_one_line_takes_commands_and_says_which_line_the_way_back_needs(fly):
    deck = fly(one_line(plan={10: "pause"}))
    deck.wait_for(Phase.PAUSED)
    entry = deck.do("freeze body")
    assert (entry.step, entry.outcome) == (10, "applied")
    assert deck.do("step 5").outcome == "applied"
    shown = wait_for_step(deck, 15)
    assert shown.groups[0].frozen_since == 10
    assert shown.groups[0].frozen_intact
    assert not math.isnan(shown.groups[1].update_ratio)
    for command in ("rewind 3", "undo", "try lr body x0.5 for 3 steps"):
        assert "run.batches" in deck.do(command).message
    deck.do("resume")
    assert deck.wait_for(Phase.FINISHED).step == 50


def test_a_breakpoint_holds_the_update(fly):
    deck = fly(one_line(plan={5: "break when grad_norm body > 0"}))
    assert deck.wait_for(Phase.PAUSED).step == 5
    deck.do("break off")
    deck.do("resume")
    assert deck.wait_for(Phase.FINISHED).step == 50


def test_cleared_gradients_are_shown_at_the_boundary_before_the_next_batch(fly):
    problem = make_problem()

    def script() -> None:
        run = tuitrain.watch(problem.net, problem.optimizer, plan={10: "pause"})
        for batch in run.batches(problem.loader, epochs=10):
            problem.differentiate(batch)
            problem.optimizer.step()
            problem.optimizer.zero_grad()

    deck = fly(script)
    deck.wait_for(Phase.PAUSED)
    deck.live.select_parameter("last.weight")
    shown = deck.live.wait_for(lambda shown: shown.parameter is not None, 60)
    assert shown.parameter.grad is not None


def test_a_second_step_for_one_batch_is_refused(fly):
    problem = make_problem()

    def script() -> None:
        run = tuitrain.watch(problem.net, problem.optimizer)
        for batch in run.batches(problem.loader, epochs=10):
            run.step(problem.differentiate(batch))
            problem.optimizer.step()

    deck = fly(script)
    deck.wait_for(Phase.FAILED)
    assert "called again before the next batch" in str(deck.live.error)


@pytest.mark.parametrize("back", [5, 7, 14])
def test_a_rewind_repeats_the_steps_bit_for_bit(fly, back):
    deck = fly(with_batches(plan={20: "pause"}))
    first = deck.wait_for(Phase.PAUSED).loss.values.tolist()
    assert len(first) == 20
    assert deck.do(f"rewind {back}").outcome == "applied"
    assert deck.do(f"step {20 - back}").outcome == "applied"
    assert wait_for_step(deck, 20).loss.values.tolist() == first


def test_undo_branches_and_try_work_with_batches(fly):
    deck = fly(with_batches(plan={20: "pause"}))
    deck.wait_for(Phase.PAUSED)
    assert deck.do("lr last 0.5").outcome == "applied"
    deck.do("step 5")
    wait_for_step(deck, 25)
    assert deck.do("undo").outcome == "applied"
    assert deck.do("branch main").outcome == "applied"
    entry = deck.do("try lr last x0.5, x2 for 3 steps")
    assert entry.outcome == "applied", entry.message


def test_a_rewind_of_a_swap_gives_the_group_back_to_the_scripts_optimizer(fly):
    problem = make_problem()
    deck = fly(with_batches(plan={5: "optimizer body adam", 12: "pause"}, problem=problem))
    first = deck.wait_for(Phase.PAUSED).loss.values.tolist()
    members = problem.optimizer.param_groups[0]["params"]
    assert not any(item in problem.optimizer.state for item in members)
    deck.do("rewind 3")
    assert all("momentum_buffer" in problem.optimizer.state[item] for item in members)
    deck.do("step 2")
    wait_for_step(deck, 5)
    assert losses(deck) == first[:5]


def test_a_rewind_includes_scheduler_and_momentum(fly):
    problem = make_problem()
    scheduler = torch.optim.lr_scheduler.StepLR(problem.optimizer, 2, 0.5)

    def script() -> None:
        run = tuitrain.watch(
            problem.net, problem.optimizer, plan={14: "pause"}, schedulers=scheduler
        )
        for batch in run.batches(problem.loader, epochs=10):
            run.step(problem.differentiate(batch))
            scheduler.step()

    deck = fly(script)
    first = deck.wait_for(Phase.PAUSED).loss.values.tolist()
    deck.do("rewind 3")
    deck.do("step 11")
    assert wait_for_step(deck, 14).loss.values.tolist() == first


def test_nested_loops_go_back_to_another_epoch(fly):
    problem, seen = make_problem(), []
    scheduler = torch.optim.lr_scheduler.StepLR(problem.optimizer, 1, 0.5)

    def script() -> None:
        run = tuitrain.watch(
            problem.net, problem.optimizer, plan={13: "pause"}, schedulers=[scheduler]
        )
        for epoch in run.epochs(problem.loader, epochs=10):
            seen.append(epoch)
            for batch in run.batches():
                run.step(problem.differentiate(batch))
            scheduler.step()

    deck = fly(script)
    first = deck.wait_for(Phase.PAUSED).loss.values.tolist()
    assert seen == [0, 1, 2]
    deck.do("rewind 3")
    deck.do("step 10")
    assert wait_for_step(deck, 13).loss.values.tolist() == first
    assert seen == [0, 1, 2, 0, 1, 2]


def test_leaving_stops_the_loop_with_an_exception_that_it_may_catch(fly):
    deck = fly(one_line(plan={10: "pause"}))
    deck.wait_for(Phase.PAUSED)
    deck.close()
    assert isinstance(deck.ended_by, tuitrain.StoppedError)
