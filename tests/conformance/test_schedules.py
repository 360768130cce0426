"""Schedules: pure functions of the step, each of one group."""

import pytest

from tests.conformance.probes import do, group, lr, members, rates, train, weights


def test_decay_per_epoch_is_a_staircase_from_the_present_lr_to_zero(engine):
    do(engine, "decay conv over 4 epochs")
    seen = []
    for _ in range(5):
        seen += [set(rates(engine, "conv", engine.steps_per_epoch))]
    assert seen == [{0.1 * (1 - float(epoch) / 4)} for epoch in range(4)] + [{0.0}]
    assert lr(engine, "fc") == 0.01


def test_decay_begins_at_the_present_lr_and_step(engine):
    do(engine, "lr conv 0.4")
    train(engine, 3)
    do(engine, "decay conv over 4 steps")
    expected = [0.4 * (1 - float(step) / 4) for step in range(4)] + [0.0, 0.0]
    assert rates(engine, "conv", 6) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("schedule conv linear to 0.02 over 4 steps", [0.1, 0.08, 0.06, 0.04, 0.02, 0.02]),
        ("schedule conv exponential x0.5 per step", [0.1, 0.05, 0.025, 0.0125]),
        ("schedule conv milestones x0.1 at 2,3 steps", [0.1, 0.1, 0.01, 0.001, 0.001]),
        ("schedule conv cosine to 0 over 2 steps", [0.1, 0.05, 0.0, 0.0]),
        ("schedule conv linear to 0.1 over 9 steps warmup=4", [0.02, 0.04, 0.06, 0.08, 0.1, 0.1]),
    ],
)
def test_schedules_begin_at_the_present_lr_and_step(engine, text, expected):
    train(engine, 3)
    do(engine, text)
    assert rates(engine, "conv", len(expected)) == pytest.approx(expected, abs=1e-12)
    assert lr(engine, "fc") == 0.01


def test_a_one_cycle_rises_and_falls_to_its_end(engine):
    do(engine, "schedule conv one-cycle to 0.5 over 20 steps")
    seen = rates(engine, "conv", 21)
    assert (seen[0], max(seen), seen[-1]) == pytest.approx((0.1, 0.5, 0.1))


def test_a_schedule_affects_only_its_group(make_engine):
    engine, alike = make_engine(), make_engine()
    before = group(engine, "conv").schedule
    do(engine, "decay fc over 3 steps")
    assert group(engine, "conv").schedule == before
    for item in (engine, alike):
        train(item, 1)
    names = members(engine, "conv")
    assert weights(engine, names) == weights(alike, names)
    train(engine, 4)
    assert (lr(engine, "fc"), lr(engine, "conv")) == (0.0, 0.1)


def test_groups_can_follow_different_schedules(engine):
    do(engine, "decay conv over 4 steps")
    do(engine, "schedule fc exponential x0.5 per step")
    train(engine, 2)
    assert lr(engine, "conv") == pytest.approx(0.05)
    assert lr(engine, "fc") == pytest.approx(0.0025)


def test_a_schedule_for_all_groups_begins_at_each_groups_own_lr(engine):
    do(engine, "decay * over 2 steps")
    train(engine, 1)
    assert (lr(engine, "conv"), lr(engine, "fc")) == (0.05, 0.005)


def test_the_displayed_lr_is_the_lr_that_is_used(make_engine):
    scheduled, by_hand = make_engine(), make_engine()
    do(scheduled, "decay * over 5 steps")
    for _ in range(5):
        do(by_hand, f"lr conv {lr(scheduled, 'conv')!r}")
        do(by_hand, f"lr fc {lr(scheduled, 'fc')!r}")
        assert train(scheduled, 1) == train(by_hand, 1)
    assert scheduled.digest() == by_hand.digest()


def test_weights_do_not_change_after_a_decay_to_zero(engine):
    do(engine, "decay * over 3 steps")
    train(engine, 3)
    before = weights(engine)
    train(engine, 2)
    assert weights(engine) == before


def test_a_schedule_is_a_function_of_the_step(make_engine):
    engine, other = make_engine(), make_engine()
    do(engine, "schedule conv cosine to 0.01 over 9 steps warmup=3")
    do(engine, "schedule fc milestones x0.5 at 1,2 epochs")
    train(engine, 4)
    other.load_state(engine.state())
    for name in ("conv", "fc"):
        assert group(other, name).schedule == group(engine, name).schedule
    for _ in range(12):
        assert [item.lr for item in other.groups()] == [item.lr for item in engine.groups()]
        assert train(other, 1) == train(engine, 1)
