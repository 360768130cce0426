"""Each command takes effect at the step that the journal names: loops under `watch`, by hand."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest

import tuitrain
from tests.script.problem import Problem, make_problem, read_lines
from tuitrain_core import optimizer as optim
from tuitrain_core import tensor
from tuitrain_core.optimizer import Adam, MultipleOptimizer, clip_grad_norm

EPOCHS, STEPS = 4, 20

ByHand = Callable[[Problem, int], None]
"""What a loop without `watch` does before the forward pass of a step."""


def freeze_body(problem, step) -> None:
    problem.net.norm.frozen = 3 <= step < 9


def drop_body(problem, step) -> None:
    if 3 <= step < 9:
        for name, parameter in problem.net.named_parameters():
            if not name.startswith("last"):
                parameter.grad = None


def freeze_last(problem, step) -> None:
    if 6 <= step < 9:
        for parameter in problem.net.last.parameters():
            parameter.grad = None


def clip(problem, step) -> None:
    if 3 <= step < 9:
        clip_grad_norm(problem.net.parameters(), 0.1)


def set_lr(problem, step) -> None:
    if step == 7:
        problem.optimizer.param_groups[1]["lr"] = 0.5


def decay(problem, step) -> None:
    if step >= 5:
        problem.optimizer.param_groups[0]["lr"] = 0.1 * max(0.0, 1 - (step - 5) / 10)


def swap(problem, step) -> None:
    if step == 6:
        first, last = problem.optimizer.opts
        problem.optimizer = MultipleOptimizer(Adam(first.parameters(), lr=0.02), last)


def regroup(problem, step) -> None:
    if step == 4:
        body, last = problem.optimizer.opts
        weight, bias = problem.net.last.weight, problem.net.last.bias
        split = Adam([{"params": [weight]}, {"params": [bias], "lr": 0.3}], lr=0.01)
        split.state = last.state
        problem.optimizer = MultipleOptimizer(body, split)


def nothing(problem, step) -> None:
    pass


CASES = {
    "freeze, thaw": ({3: "freeze body", 9: "thaw body"}, freeze_body, drop_body),
    "freeze at once": (
        {0: "freeze body"},
        lambda p, _: freeze_body(p, 3),
        lambda p, _: drop_body(p, 3),
    ),
    "freeze, thaw of an Adam": ({6: "freeze last", 9: "thaw last"}, nothing, freeze_last),
    "clip": ({3: "clip norm 0.1", 9: "clip off"}, nothing, clip),
    "lr": ({7: "lr last 0.5"}, set_lr, nothing),
    "decay": ({5: "decay body over 10 steps"}, decay, nothing),
    "swap": ({6: "optimizer body adam lr=0.02 state=reset"}, swap, nothing),
    "group": ({4: ["group tail = last.bias", "lr tail 0.3"]}, regroup, nothing),
}


def train(problem: Problem, batch, before_update: Callable[[], None] = lambda: None) -> None:
    with problem.gm:
        problem.gm.backward(problem.loss(*batch))
    before_update()
    problem.optimizer.step()
    problem.optimizer.clear_grad()


def state_of(problem: Problem) -> dict[str, bytes]:
    buffers = {name: item.numpy().tobytes() for name, item in problem.net.named_buffers()}
    return problem.weights() | buffers


def train_by_hand(before_forward: ByHand, before_update: ByHand) -> list[dict[str, bytes]]:
    problem, states = make_problem(), []
    for step in range(STEPS):
        before_forward(problem, step)
        train(problem, problem.loader.batch(step), partial(before_update, problem, step))
        states.append(state_of(problem))
    return states


def own_loop(problem: Problem, run) -> list[dict[str, bytes]]:
    states = []
    for step in range(STEPS):
        train(problem, problem.loader.batch(step))
        states.append(state_of(problem))
    return states


def with_batches(problem: Problem, run) -> list[dict[str, bytes]]:
    states = []
    for batch in run.batches():
        train(problem, batch)
        states.append(state_of(problem))
    return states


@pytest.mark.parametrize("loop", [own_loop, with_batches])
@pytest.mark.parametrize("case", CASES)
def test_a_command_takes_effect_at_its_step(tmp_path, case, loop):
    plan, before_forward, before_update = CASES[case]
    by_hand = train_by_hand(before_forward, before_update)
    problem = make_problem()
    run = tuitrain.watch(
        problem.net,
        problem.optimizer,
        loader=problem.loader,
        epochs=EPOCHS,
        plan=plan,
        out=tmp_path / "run",
    )
    states = loop(problem, run)
    run.finish()
    outcomes = {e["outcome"] for e in read_lines(run.folder, "journal.jsonl") if "outcome" in e}
    assert outcomes == {"applied"}
    assert [
        step for step, pair in enumerate(zip(states, by_hand, strict=True)) if pair[0] != pair[1]
    ] == []


def test_a_thaw_takes_effect_at_its_step_where_the_loop_sets_the_gradients(tmp_path):
    problem = make_problem()
    plan = {0: "freeze body", 2: "thaw body"}
    run = tuitrain.watch(problem.net, problem.optimizer, steps=4, plan=plan, out=tmp_path / "run")
    weights = [problem.weights()["first.weight"]]
    for _ in range(4):
        for parameter in problem.net.parameters():
            parameter.grad = tensor(parameter.numpy() * 0 + 1)
        problem.optimizer.step()
        weights.append(problem.weights()["first.weight"])
    run.finish()
    assert [old != new for old, new in pairwise(weights)] == [False, False, True, True]


def end_of_cut_loop(problem: Problem, folder, loop, error: type[BaseException]) -> dict:
    """Return the end in the record of a loop that an exception ends."""
    run = tuitrain.watch(
        problem.net, problem.optimizer, loader=problem.loader, epochs=EPOCHS, out=folder
    )
    with pytest.raises(error) as raised:
        loop(problem, run)
    run.finish(raised.value)
    return read_lines(folder, "journal.jsonl")[-1]


@pytest.mark.parametrize("loop", [own_loop, with_batches])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_loop_that_is_cut_off_in_an_update_records_no_digest(tmp_path, monkeypatch, loop, error):
    calls = []

    def step(optimizer):
        calls.append(optimizer)
        if len(calls) == 7:
            raise error
        return whole(optimizer)

    whole = optim.Adam.step
    monkeypatch.setattr(optim.Adam, "step", step)
    end = end_of_cut_loop(make_problem(), tmp_path / "run", loop, error)
    assert (end["step"], end["digests"]) == (6, {})


@pytest.mark.parametrize("loop", [own_loop, with_batches])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_loop_that_is_cut_off_after_a_forward_pass_of_a_norm_layer_records_no_digest(
    tmp_path, monkeypatch, loop, error
):
    def loss(problem, *batch):
        value = whole(problem, *batch)
        calls.append(value)
        if len(calls) == 7:
            raise error
        return value

    calls, whole = [], Problem.loss
    monkeypatch.setattr(Problem, "loss", loss)
    end = end_of_cut_loop(make_problem(), tmp_path / "run", loop, error)
    assert (end["step"], end["digests"]) == (6, {})


def test_a_loop_that_is_cut_off_between_two_steps_records_the_digest(tmp_path):
    def loop(problem, run):
        for step in range(6):
            train(problem, problem.loader.batch(step))
        raise KeyboardInterrupt

    end = end_of_cut_loop(make_problem(), tmp_path / "run", loop, KeyboardInterrupt)
    assert end["step"] == 6
    assert end["digests"].keys() >= state_of(make_problem()).keys()
