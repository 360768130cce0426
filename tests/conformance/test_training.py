"""Steps, bursts and evaluations: a seed determines all bits, and reading changes none."""

import pytest

from tests.conformance.probes import buffers, do, train, whole
from tests.conformance.problem import BATCH_SIZE, TRAIN
from tuitrain.engines.capabilities import Capability


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(make_engine):
    engines = [make_engine(seed=seed) for seed in (1, 1, 2)]
    assert engines[0].digest() == engines[1].digest() != engines[2].digest()
    losses = [train(engine, 9) for engine in engines]
    digests = [engine.digest() for engine in engines]
    assert losses[0] == losses[1] != losses[2]
    assert digests[0] == digests[1] != digests[2]


def test_interleaved_engines_do_not_affect_each_other(make_engine):
    alone, other, third = make_engine(), make_engine(), make_engine(seed=3)
    losses = train(alone, 4)
    taken = []
    for _ in range(4):
        taken += train(other, 1)
        train(third, 1)
    assert taken == losses
    assert other.digest() == alone.digest()


def test_the_division_into_runs_changes_no_bit(make_engine):
    one, many = make_engine(), make_engine()
    losses = train(one, 9)
    assert [loss for steps in (1, 3, 5) for loss in train(many, steps)] == losses
    assert many.digest() == one.digest()


def test_a_run_ends_on_request_and_at_its_maximum(engine):
    assert len(engine.run(5, lambda: False)) == 5
    assert len(engine.run(5, lambda: True)) == 1
    assert engine.step == 6


def test_an_epoch_has_a_step_for_each_batch(engine):
    assert engine.batch_size == BATCH_SIZE
    assert engine.steps_per_epoch == -(-len(TRAIN[1]) // BATCH_SIZE)


@pytest.mark.needs(Capability.EVALUATION)
def test_training_lowers_the_loss(engine):
    losses = train(engine, 20 * engine.steps_per_epoch)
    assert sum(losses[-7:]) < sum(losses[:7]) / 3
    assert engine.evaluate()["accuracy"] > 0.8


@pytest.mark.needs(Capability.EVALUATION)
@pytest.mark.parametrize("event", ["clip off", "freeze norm.*", "freeze *", "lr * 0"])
def test_an_evaluation_changes_nothing(make_engine, event):
    engine, other = make_engine(), make_engine()
    for item in (engine, other):
        train(item, 3)
        do(item, event)
    before, statistics = whole(engine), buffers(engine)
    gradients = {name: engine.gradient(name) is None for name in engine.parameters()}
    measured = engine.evaluate()
    assert list(measured) == [info.name for info in engine.metrics]
    assert 0 <= measured["accuracy"] <= 1
    assert engine.evaluate() == measured
    assert (whole(engine), buffers(engine)) == (before, statistics)
    assert {name: engine.gradient(name) is None for name in engine.parameters()} == gradients
    assert train(engine, 4) == train(other, 4)
    assert engine.digest() == other.digest()


def test_reading_views_changes_nothing(make_engine):
    engine, other = make_engine(), make_engine()
    for _ in range(4):
        train(engine, 1)
        train(other, 1)
        for name in engine.parameters():
            engine.inspect_parameter(name)
            engine.gradient(name)
            engine.group_of(name)
        (
            engine.groups(),
            engine.optimizer_choices(),
            engine.digests(),
            engine.state(),
        )
    assert engine.digest() == other.digest()


def test_views_of_memory_are_read_only(engine):
    train(engine, 1)
    assert not any(item.flags.writeable for item in engine.parameters().values())
    assert not engine.gradient("fc.weight").flags.writeable


def test_a_digest_is_a_sha256_and_changes_with_every_step(engine):
    seen = {engine.digest()}
    for _ in range(3):
        train(engine, 1)
        seen.add(engine.digest())
    assert len(seen) == 4
    assert all(item.startswith("sha256:") and len(item) == 7 + 64 for item in seen)


def test_short_digests_show_which_arrays_differ(make_engine):
    engine, other = make_engine(), make_engine()
    assert engine.digests() == other.digests()
    assert {*engine.digests()} == {*engine.parameters(), *engine.state().buffers}
    do(other, "freeze fc")
    for item in (engine, other):
        do(item, "freeze conv")
        train(item, 1)
    differ = {name for name, digest in engine.digests().items() if digest != other.digests()[name]}
    assert differ == {"fc.bias", "fc.weight", "head.bias", "head.weight"}
