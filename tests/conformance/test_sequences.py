"""Invariants under any commands at any steps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.probes import buffers, do, memory, train, weights, whole
from tuitrain.engines.engine import Engine
from tuitrain.errors import RefusedError

acts = st.sampled_from(
    [
        "freeze conv", "freeze fc", "freeze *", "freeze head.bias", "freeze norm.*", "thaw *",
        "thaw conv reset", "lr conv 0", "lr fc 0.02", "lr * x0.5", "lr top 0.1",
        "decay * over 2 epochs", "decay conv over 5 steps",
        "schedule * cosine to 0.001 over 6 steps warmup=2",
        "schedule fc milestones x0.5 at 1,2 epochs", "clip norm 0.5", "clip value 0.01",
        "clip off", "optimizer conv adam", "optimizer * sgd momentum=0.9",
        "optimizer * sgd momentum=0", "optimizer fc adamw state=carry",
        "optimizer * rmsprop momentum=0.5 centered=true state=carry",
        "optimizer fc adadelta state=carry", "optimizer conv adagrad",
        "optimizer fc adam lr=0.01 ramp=4", "optimizer * sgd momentum=0.5 ramp=3", "lr fc x2",
        "lr * x0", "thaw fc.weight reset", "schedule * one-cycle to 0.1 over 5 steps", "freeze c*",
        "group top = head.*", "group conv = fc.*", "group all = *", "group fc = *.bias",
    ]
)  # fmt: skip
scripts = st.lists(st.tuples(st.integers(0, 3), acts), max_size=8)


def perform(engine: Engine, script: list[tuple[int, str]]) -> list[float]:
    """Apply the commands of a script; refused ones change nothing."""
    losses = []
    for steps, text in script:
        losses += train(engine, steps) if steps else []
        before = whole(engine)
        try:
            change = do(engine, text)
        except RefusedError as refusal:
            assert str(refusal)
            assert whole(engine) == before
        else:
            assert change.changed or whole(engine) == before
        names = [row.name for item in engine.groups() for row in item.parameters]
        assert sorted(names) == sorted(engine.parameters())
    return losses


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(script=scripts)
def test_the_same_commands_give_the_same_bits(make_engine, script):
    engines = make_engine(), make_engine()
    losses = [perform(engine, script) for engine in engines]
    assert losses[0] == losses[1]
    assert whole(engines[0]) == whole(engines[1])


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(before=scripts, after=scripts)
def test_after_any_commands_a_loaded_state_repeats_the_steps(make_engine, before, after):
    engine, other = make_engine(), make_engine()
    perform(engine, before)
    other.load_state(engine.state())
    assert other.digest() == engine.digest()
    assert perform(engine, after) == perform(other, after)
    assert train(engine, 2) == train(other, 2)
    assert whole(engine) == whole(other)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(script=scripts)
def test_after_any_commands_only_unfrozen_parameters_change(make_engine, script):
    engine = make_engine()
    perform(engine, script)
    frozen = sorted(engine.state().frozen)
    held = weights(engine, frozen) if frozen else {}
    kept = memory(engine, frozen)
    statistics = buffers(engine)
    train(engine, 2)
    assert not frozen or weights(engine, frozen) == held
    assert memory(engine, frozen) == kept
    assert {*frozen} == {name for name in engine.parameters() if engine.gradient(name) is None}
    assert {*engine.parameters()} - {*frozen} <= {*engine.state().optimizers}
    still = {"norm.weight", "norm.bias"} <= {*frozen}
    assert (buffers(engine) == statistics) == still
