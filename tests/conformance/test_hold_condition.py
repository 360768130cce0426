"""A hold condition saves calls to Python, and changes nothing else."""

import math

import pytest

from tests.conformance.probes import buffers, do, poison, train, whole
from tuitrain.engines.pending_step import HoldCondition

STEPS, EARLIER = 30, 6
"""Steps of the run, and earlier steps in which the gradients fall."""


class Asked:
    """Holds the steps that meet a condition, and counts the calls."""

    def __init__(self, held) -> None:
        self.held = held
        self.questions = 0

    def __call__(self, pending) -> bool:
        self.questions += 1
        return self.held(pending)


def both(make_engine, held, watch, commands=()):
    """Run one engine with a hold condition, and one that checks every step, to their ends."""
    result = []
    for value in (watch, None):
        engine, request = make_engine(), Asked(held)
        for command in commands:
            do(engine, command)
        train(engine, EARLIER)
        losses = list(engine.run(STEPS, lambda: False, request, value))
        result.append((engine, losses, request))
    return result


def norms_of(make_engine, commands=()) -> list[float]:
    """Return the norm of fc's gradient in each of some steps."""
    engine, norms = make_engine(), []
    for command in commands:
        do(engine, command)

    def look(pending) -> bool:
        norms.append(pending.grad_norm("fc"))
        return False

    train(engine, EARLIER)
    engine.run(STEPS, lambda: False, look)
    return norms


def first_above(norms: list[float]) -> tuple[int, float]:
    """Return a step in the middle, and a norm that is first exceeded there."""
    step = max(range(3, STEPS), key=lambda n: norms[n] - max(norms[:n]))
    assert norms[step] > max(norms[:step])
    return step, 0.5 * (norms[step] + max(norms[:step]))


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("clip", ["clip off", "clip norm 0.01", "clip value 0.001"])
def test_a_run_ends_at_the_first_norm_above_its_limit(make_engine, monkeypatch, threads, clip):
    monkeypatch.setenv("TUITRAIN_THREADS", threads)
    commands = ["lr * 0.3"] + [clip] * (clip != "clip off")
    step, limit = first_above(norms_of(make_engine, commands))
    watch = HoldCondition(grad_norms={"fc": limit, "absent": 0.0})
    held = lambda pending: pending.grad_norm("fc") > limit  # noqa: E731
    (one, losses, request), (other, expected, _) = both(make_engine, held, watch, commands)
    assert losses == expected
    assert len(losses) == one.step - EARLIER == step
    assert (whole(one), buffers(one)) == (whole(other), buffers(other))
    assert one.state().random == other.state().random
    assert request.questions == 1
    assert one.gradient("fc.weight").tobytes() == other.gradient("fc.weight").tobytes()
    assert train(one, 5) == train(other, 5)
    assert whole(one) == whole(other)


def test_a_checked_step_that_is_not_held_has_the_same_bits(make_engine):
    watch = HoldCondition(
        non_finite=True,
        loss_factor=0.0,
        average_window=4,
        min_finite_losses=2,
        previous_losses=[1.0, 1.0],
    )
    (one, losses, request), (other, expected, _) = both(make_engine, lambda pending: False, watch)
    assert losses == expected
    assert request.questions == STEPS
    assert (whole(one), buffers(one)) == (whole(other), buffers(other))
    assert one.state().random == other.state().random
    assert [repr(item) for item in one.groups()] == [repr(item) for item in other.groups()]


def test_the_average_has_losses_of_the_run_and_before_it(make_engine):
    losses = train(make_engine(), EARLIER + STEPS)[EARLIER:]
    step = max(range(5, STEPS), key=lambda n: losses[n] / (sum(losses[n - 4 : n]) / 4))
    times = 0.999 * losses[step] / (sum(losses[step - 4 : step]) / 4)
    seen = []

    def held(pending) -> bool:
        seen.append((len(pending.previous_losses), pending.loss))
        recent = [math.inf, 9.0, *pending.previous_losses][-4:]
        known = [item for item in recent if math.isfinite(item)]
        return pending.loss > times * (sum(known) / len(known))

    watch = HoldCondition(
        loss_factor=times, average_window=4, min_finite_losses=1, previous_losses=[math.inf, 9.0]
    )
    (one, result, request), (other, expected, _) = both(make_engine, held, watch)
    assert result == expected == losses[:step]
    assert request.questions == 1
    assert seen[0] == (step, losses[step])
    assert whole(one) == whole(other)


def test_a_step_that_is_not_finite_is_held_before_its_update(make_engine):
    result = []
    for watch in (HoldCondition(non_finite=True), None):
        engine = make_engine()
        train(engine, 3)
        poison(engine, "head.bias")
        before = whole(engine), buffers(engine)
        request = Asked(lambda pending: bool(pending.find_non_finite()))
        assert list(engine.run(5, lambda: False, request, watch)) == []
        assert (whole(engine), buffers(engine)) == before
        assert request.questions == 1
        result.append(before)
    assert result[0] == result[1]


def test_without_a_condition_the_callback_is_not_called(make_engine):
    engine, other, request = make_engine(), make_engine(), Asked(lambda pending: True)
    losses = list(engine.run(STEPS, lambda: False, request, HoldCondition()))
    assert request.questions == 0
    assert losses == train(other, STEPS)
    assert whole(engine) == whole(other)
