"""What commands do to the groups of the embedded engine, bit for bit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.conftest import PLANS, make_engine
from tuitrain.commands import parse
from tuitrain.engines.embedded import EmbeddedEngine, GroupPlan
from tuitrain.errors import RefusedError


def never() -> bool:
    return False


def do(engine: EmbeddedEngine, text: str):
    return engine.apply(parse(text))


def copies(engine: EmbeddedEngine, *names: str) -> dict[str, bytes]:
    every = engine.parameters()
    return {name: every[name].tobytes() for name in names or every}


def group(engine: EmbeddedEngine, name: str):
    return next(each for each in engine.groups() if each.name == name)


def members(engine: EmbeddedEngine, name: str) -> list[str]:
    return [row.name for row in group(engine, name).parameters]


def test_same_seed_same_bits_and_another_seed_others():
    engines = [make_engine(seed=seed) for seed in (1, 1, 2)]
    losses = [engine.run(9, never) for engine in engines]
    digests = [engine.digest() for engine in engines]
    assert losses[0] == losses[1]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_the_warm_up_touches_nothing(engine):
    before = engine.digest()
    engine.warm_up()
    assert (engine.step, engine.digest()) == (0, before)


def test_an_evaluation_touches_nothing(engine):
    other = make_engine()
    engine.run(3, never)
    other.run(3, never)
    assert 0 <= engine.evaluate() <= 1
    assert engine.run(4, never) == other.run(4, never)
    assert engine.digest() == other.digest()


def test_a_burst_ends_when_told_and_never_later_than_wanted(engine):
    assert len(engine.run(5, never)) == 5
    assert len(engine.run(5, lambda: True)) == 1
    assert engine.step == 6


def test_every_frozen_bit_holds_still_while_the_rest_learns(engine):
    engine.run(5, never)
    frozen, trained = members(engine, "conv"), members(engine, "fc")
    change = do(engine, "freeze conv")
    assert change.changed
    before, moving = copies(engine, *frozen), copies(engine, *trained)
    engine.run(5, never)
    assert copies(engine, *frozen) == before
    assert all(copies(engine, name)[name] != moving[name] for name in trained)


def test_a_frozen_groups_gradients_are_none_at_once_and_stay_so(engine):
    engine.run(2, never)
    do(engine, "freeze conv")
    assert all(engine.gradient(name) is None for name in members(engine, "conv"))
    engine.run(1, never)
    assert all(engine.gradient(name) is None for name in members(engine, "conv"))
    assert all(engine.gradient(name) is not None for name in members(engine, "fc"))


def test_optimizer_state_of_a_frozen_group_holds_still(engine):
    engine.run(5, never)
    do(engine, "freeze *")
    before = engine.digest()  # of optimizer state and running statistics too
    engine.run(5, never)
    assert engine.digest() == before


def test_the_statistics_of_a_frozen_norm_layer_hold_still(engine):
    engine.run(2, never)
    do(engine, "freeze norm.*")
    model = engine._model
    before = {name: each.numpy().copy() for name, each in model.named_buffers()}
    engine.run(3, never)
    assert before
    for name, each in model.named_buffers():
        np.testing.assert_array_equal(each.numpy(), before[name])
    do(engine, "thaw norm.*")
    engine.run(1, never)
    assert any(np.any(each.numpy() != before[name]) for name, each in model.named_buffers())


def test_thaw_keeps_the_state_or_resets_it():
    engines = [make_engine() for _ in range(3)]
    for engine, thaw in zip(engines, ("thaw fc", "thaw fc keep", "thaw fc reset"), strict=True):
        engine.run(4, never)
        do(engine, "freeze fc")
        engine.run(2, never)
        do(engine, thaw)
        engine.run(2, never)
    digests = [engine.digest() for engine in engines]
    assert digests[0] == digests[1] != digests[2]


def test_the_badge_says_since_when_and_that_the_bytes_hold(engine):
    assert group(engine, "fc").frozen_since is None
    assert group(engine, "fc").frozen_intact is None
    engine.run(3, never)
    do(engine, "freeze fc")
    engine.run(2, never)
    assert group(engine, "fc").frozen_since == 3
    assert group(engine, "fc").frozen_intact is True
    engine._parameters["fc.bias"].numpy()[0] += 1  # as a bug would
    assert group(engine, "fc").frozen_intact is False


def test_a_single_parameter_can_be_frozen(engine):
    do(engine, "freeze fc.bias")
    before = copies(engine, "fc.bias", "fc.weight")
    engine.run(2, never)
    after = copies(engine, "fc.bias", "fc.weight")
    assert after["fc.bias"] == before["fc.bias"]
    assert after["fc.weight"] != before["fc.weight"]
    assert group(engine, "fc").frozen_since is None


def test_lr_zero_holds_weights_and_lets_state_go_on(engine):
    engine.run(3, never)
    do(engine, "lr fc 0")
    before, digest = copies(engine, *members(engine, "fc")), engine.digest()
    engine.run(3, never)
    assert copies(engine, *members(engine, "fc")) == before
    assert engine.digest() != digest
    assert engine.gradient("fc.weight") is not None


def test_an_lr_of_one_group_leaves_the_others_alone(engine):
    do(engine, "lr fc 0.5")
    assert group(engine, "fc").lr == 0.5
    assert group(engine, "conv").lr == 0.1


def test_decay_per_epoch_is_the_pages_staircase(engine):
    per_epoch = engine.steps_per_epoch
    do(engine, "decay conv over 4 epochs")
    seen = []
    for _ in range(5):
        seen.append(group(engine, "conv").lr)
        engine.run(per_epoch, never)
    assert seen == [0.1 * (1 - float(epoch) / 4) for epoch in range(4)] + [0.0]
    assert group(engine, "fc").lr == 0.01


def test_decay_begins_at_the_present_lr_and_step(engine):
    do(engine, "lr conv 0.4")
    engine.run(3, never)
    do(engine, "decay conv over 4 steps")
    seen = []
    for _ in range(6):
        seen.append(group(engine, "conv").lr)
        engine.run(1, never)
    assert seen == [0.4 * (1 - float(step) / 4) for step in range(4)] + [0.0, 0.0]


def test_a_manual_lr_takes_over_from_a_schedule_and_says_so(engine):
    do(engine, "decay conv over 4 epochs")
    change = do(engine, "lr conv 0.2")
    assert "ends" in change.message
    assert group(engine, "conv").schedule == "constant"
    assert group(engine, "conv").lr == 0.2


def test_scaling_multiplies_what_a_schedule_still_gives(engine):
    do(engine, "decay conv over 4 steps")
    engine.run(2, never)
    change = do(engine, "lr conv x0.5")
    assert "goes on" in change.message
    assert group(engine, "conv").lr == 0.05 * (1 - 2 / 4)


def test_a_swap_moves_no_weight_and_keeps_lr_and_decay(engine):
    engine.run(3, never)
    before = copies(engine)
    do(engine, "optimizer fc sgd momentum=0.5")
    assert copies(engine) == before
    swapped = group(engine, "fc")
    assert (swapped.optimizer, swapped.lr) == ("sgd", 0.01)
    assert swapped.settings == "momentum=0.5 weight_decay=0.01"


def test_a_swap_with_an_lr_ends_the_schedule(engine):
    do(engine, "decay conv over 4 steps")
    do(engine, "optimizer conv adam lr=0.5")
    assert (group(engine, "conv").lr, group(engine, "conv").schedule) == (0.5, "constant")


def test_a_swap_without_an_lr_leaves_the_schedule(engine):
    do(engine, "decay conv over 4 steps")
    engine.run(2, never)
    do(engine, "optimizer conv adam")
    assert (group(engine, "conv").lr, group(engine, "conv").schedule) == (0.05, "linear→0")


def test_adam_to_adamw_carries_the_moments_by_default():
    engines = [make_engine() for _ in range(3)]
    for engine, state in zip(engines, ("", " state=carry", " state=reset"), strict=True):
        engine.run(3, never)
        do(engine, f"optimizer fc adamw{state}")
        engine.run(1, never)
    digests = [engine.digest() for engine in engines]
    assert digests[0] == digests[1] != digests[2]


def test_regrouping_carries_each_parameters_state_along():
    moved, alike = make_engine(), make_engine()
    for engine in (moved, alike):
        engine.run(4, never)
    change = do(moved, "group top = head.*")
    assert change.changed
    assert members(moved, "top") == ["head.bias", "head.weight"]
    assert "head.bias" not in members(moved, "fc")
    moved.run(4, never)
    alike.run(4, never)
    assert moved.digest() == alike.digest()


def test_a_group_that_is_left_empty_goes(engine):
    change = do(engine, "group all = *")
    assert [each.name for each in engine.groups()] == ["all"]
    assert "conv" in change.message
    assert "fc" in change.message
    engine.run(2, never)


def test_moving_into_a_group_takes_over_its_lr_and_optimizer(engine):
    do(engine, "group conv = fc.*")
    assert "fc.weight" in members(engine, "conv")
    assert group(engine, "conv").optimizer == "sgd"
    engine.run(2, never)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("freeze fc", "freeze fc"),
        ("lr fc 0.5", "lr fc 0.5"),
        ("group top = head.*", "group top = head.*"),
        ("optimizer fc adam eps=0.1", "optimizer fc adam eps=0.1"),
        ("lr fc 0", "decay fc over 3 epochs"),
        ("lr fc 0", "lr fc x3"),
        ("freeze fc", "thaw conv"),
    ],
)
def test_what_changes_nothing_says_so(engine, first, again):
    assert do(engine, first).changed
    change = do(engine, again)
    assert not change.changed
    assert change.message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("freeze conf", "'conf' names no group and no parameter, did you mean 'conv'?"),
        ("lr fcc 1", "no group is called 'fcc', did you mean 'fc'? (groups: conv or fc)"),
        ("lr head.* 1", "names 2 parameters, and no group; make it a group first"),
        ("group top = heat.*", "no parameter matches 'heat.*', did you mean 'head'?"),
        ("optimizer fc adm", "unknown optimizer 'adm', did you mean 'adam'?"),
        ("optimizer fc adam momentum=0.9", "adam has no setting 'momentum'"),
        ("optimizer fc sgd momentum=1", "momentum must be a number in [0, 1), but is 1"),
        ("optimizer fc adam lr=-1", "lr must be"),
        ("optimizer * sgd nesterov=true", "nesterov needs momentum"),
        ("pause", "is not for the groups"),
    ],
)
def test_a_refusal_names_what_was_given_and_changes_nothing(engine, text, told):
    engine.run(2, never)
    before, groups = engine.digest(), repr(engine.groups())
    with pytest.raises(RefusedError) as refusal:
        do(engine, text)
    assert told in str(refusal.value)
    assert (engine.digest(), repr(engine.groups())) == (before, groups)


@pytest.mark.parametrize(
    ("plans", "told"),
    [
        ([GroupPlan("conv", ("conv.*",), "sgd", {"lr": 1.0})], "no group takes fc.bias"),
        ([GroupPlan("a", ("*",), "sgd", {})], "sgd needs a learning rate"),
        ([GroupPlan("a", ("x*",), "sgd", {"lr": 1.0})], "no parameter matches 'x*'"),
        (
            [
                GroupPlan("a", ("*",), "sgd", {"lr": 1.0}),
                GroupPlan("b", ("fc.*",), "sgd", {"lr": 1.0}),
            ],
            "group 'b' is left with nothing",
        ),
    ],
)
def test_plans_that_do_not_fit_are_refused(plans, told):
    with pytest.raises(RefusedError) as refusal:
        make_engine(plans)
    assert told in str(refusal.value)


def test_update_ratio_and_gradient_norm_are_those_of_the_last_step(engine):
    assert math.isnan(group(engine, "conv").update_ratio)
    before = {name: engine.parameters()[name].copy() for name in members(engine, "fc")}
    engine.run(1, never)
    after = engine.parameters()
    moved = math.sqrt(sum(float(((after[n] - b) ** 2.0).sum()) for n, b in before.items()))
    weights = math.sqrt(sum(float((after[n] ** 2.0).sum()) for n in before))
    slopes = math.sqrt(sum(float((engine.gradient(n) ** 2.0).sum()) for n in before))
    assert group(engine, "fc").update_ratio == pytest.approx(moved / weights, rel=1e-3)
    assert group(engine, "fc").grad_norm == pytest.approx(slopes, rel=1e-5)


def test_a_parameter_is_described_in_full(engine):
    engine.run(1, never)
    view = engine.inspect("fc.weight")
    values = engine.parameters()["fc.weight"]
    assert view.shape == (8, 48)
    assert view.group == "fc"
    assert view.value.mean == pytest.approx(values.mean(), abs=1e-7)
    assert sum(view.value.counts) == values.size
    assert view.value.first[:3] == tuple(values.ravel()[:3].tolist())
    assert view.grad is not None
    do(engine, "freeze fc")
    assert engine.inspect("fc.weight").grad is None
    assert engine.inspect("nothing") is None


acts = st.sampled_from(
    [
        "freeze conv", "freeze fc", "freeze *", "freeze head.bias", "thaw *", "thaw conv reset",
        "lr conv 0", "lr fc 0.02", "lr * x0.5", "decay * over 2 epochs", "decay conv over 5 steps",
        "optimizer conv adam", "optimizer * sgd momentum=0.9", "optimizer fc adamw state=carry",
        "group top = head.*", "group conv = fc.*", "group all = *", "lr top 0.1",
    ]
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), acts), max_size=8))
def test_any_commands_at_any_steps_give_the_same_bits_twice(script):
    digests = []
    for _ in range(2):
        engine = make_engine(PLANS)
        for steps, text in script:
            if steps:
                engine.run(steps, never)
            try:
                do(engine, text)
            except RefusedError as refusal:
                assert str(refusal)
            names = [row.name for each in engine.groups() for row in each.parameters]
            assert sorted(names) == sorted(engine.parameters())  # each in exactly one group
        digests.append(engine.digest())
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("schedule conv linear to 0.02 over 4 steps", [0.1, 0.08, 0.06, 0.04, 0.02, 0.02]),
        ("schedule conv exponential x0.5 per step", [0.1, 0.05, 0.025, 0.0125]),
        ("schedule conv milestones x0.1 at 2,3 steps", [0.1, 0.1, 0.01, 0.001, 0.001]),
        ("schedule conv cosine to 0 over 2 steps", [0.1, 0.05, 0.0, 0.0]),
        ("schedule conv linear to 0.1 over 9 steps warmup=4", [0.02, 0.04, 0.06, 0.08, 0.1, 0.1]),
    ],
)
def test_schedules_begin_at_the_present_lr_and_step(engine, text, rates):
    engine.run(3, never)
    do(engine, text)
    seen = []
    for _ in rates:
        seen.append(group(engine, "conv").lr)
        engine.run(1, never)
    assert seen == pytest.approx(rates, abs=1e-12)
    assert group(engine, "fc").lr == 0.01


def test_one_cycle_goes_up_and_comes_down_to_where_it_was(engine):
    do(engine, "schedule conv one-cycle to 0.5 over 20 steps")
    seen = []
    for _ in range(21):
        seen.append(group(engine, "conv").lr)
        engine.run(1, never)
    assert (seen[0], max(seen), seen[-1]) == pytest.approx((0.1, 0.5, 0.1))


def test_clipping_bounds_the_norm_of_what_is_trained_and_nothing_else(engine):
    engine.run(2, never)
    do(engine, "freeze conv")
    do(engine, "clip norm 0.001")
    engine.run(1, never)
    norm = math.sqrt(sum(float((engine.gradient(n) ** 2.0).sum()) for n in members(engine, "fc")))
    assert norm == pytest.approx(0.001, rel=1e-5)
    assert not do(engine, "clip norm 0.001").changed
    do(engine, "clip value 0.0001")
    engine.run(1, never)
    assert max(np.abs(engine.gradient(n)).max() for n in members(engine, "fc")) <= 1.0001e-4
    assert do(engine, "clip off").changed
    engine.run(1, never)
    assert max(np.abs(engine.gradient(n)).max() for n in members(engine, "fc")) > 1e-3


@pytest.mark.parametrize(
    "rule", ["sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "lamb", "lion"]
)
def test_every_optimizer_can_be_swapped_to_and_from(engine, rule):
    engine.run(2, never)
    for state in ("carry", "reset"):
        do(engine, f"optimizer conv {rule} weight_decay=0.001 state={state}")
        before = copies(engine, *members(engine, "conv"))
        engine.run(2, never)
        assert group(engine, "conv").optimizer == rule
        assert copies(engine, *members(engine, "conv")) != before
        do(engine, f"optimizer conv adam state={state}")
        engine.run(1, never)
        assert all(np.isfinite(each).all() for each in engine.parameters().values())
