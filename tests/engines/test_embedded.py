"""The embedded engine's own behavior; tests/conformance has what all engines share."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conformance.embedded import Small
from tests.conformance.probes import RULES, buffers, do, group, plant, train
from tests.conformance.problem import BATCH_SIZE, Plan
from tests.engines.conftest import make_engine
from tuitrain.errors import RefusedError, StateMismatchError
from tuitrain_core import functional
from tuitrain_core.module import BatchNorm2d, Conv2d, Linear
from tuitrain_core.native.runtime import library


def test_the_warm_up_changes_nothing(engine):
    before = engine.digest()
    engine.warm_up()
    assert (engine.step, engine.digest()) == (0, before)


def test_the_badge_fails_when_frozen_bytes_change(engine):
    do(engine, "freeze fc")
    assert group(engine, "fc").frozen_intact is True
    engine.model.parameters["fc.bias"].memory()[0] += 1
    assert group(engine, "fc").frozen_intact is False


def operations(engine) -> int:
    """Count what a step does from the loss backwards, in the plan that it would follow."""
    program, _ = engine.stepper.recording.program()
    trained = [engine.model.parameters[name] for name in engine.stepper.trained]
    return program.plan_statistics(trained).actions - program.plan_statistics([]).actions


def test_nothing_below_the_lowest_trained_parameter_is_planned(engine):
    every = operations(engine)
    counts = []
    for frozen in ("conv", "fc.*", "head.*"):
        do(engine, f"freeze {frozen}")
        counts.append(operations(engine))
    assert every > counts[0] > counts[1] > counts[2] == 0
    do(engine, "thaw *")
    assert operations(engine) == every


def test_layers_above_a_trained_parameter_stay_planned(engine):
    with_fc = operations(engine)
    do(engine, "freeze fc.weight")
    assert 0 < with_fc - operations(engine) < with_fc / 2


@pytest.mark.parametrize("batch_size", [1, BATCH_SIZE])
def test_no_command_compiles_a_kernel(batch_size):
    engine = make_engine(batch_size=batch_size)
    engine.warm_up()
    train(engine, 1)
    kernels = library.statistics()
    for text in ("lr * 0.3", "lr * 1", "lr * 0", "lr * x2", "decay * over 3 steps", "lr fc 1e-30"):
        do(engine, text)
        train(engine, 3)
    for rule, settings in RULES.items():
        do(engine, f"optimizer * {rule} {settings}")
        train(engine, 3)
    for text in ("freeze conv", "thaw conv", "group a = conv*", "clip norm 0.1"):
        do(engine, text)
        train(engine, 3)
    assert library.statistics() == kernels


def test_dead_units_are_counted_once_a_step_and_on_demand(engine, monkeypatch):
    counted = []
    count = engine.stepper.find_dead_units
    monkeypatch.setattr(
        engine.stepper, "find_dead_units", lambda step: counted.append(step) or count(step)
    )
    engine.run(3, lambda: False, lambda pending: bool(pending.find_non_finite()))
    engine.groups()
    engine.inspect_parameter("fc.weight")
    assert counted == []
    engine.run(
        2, lambda: False, lambda pending: pending.count_dead_units() != pending.count_dead_units()
    )
    assert counted == [3, 4]


class Pooled(Small):
    """A convolution whose pool leaves out its last row, where units may fire all the same."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = Conv2d(1, 3, (2, 1)), Linear(18, 8)

    def forward(self, images):
        x = functional.max_pool2d(functional.relu(self.conv(images)), 2)
        return self.head(functional.relu(self.fc(self.drop(functional.flatten(x, 1)))))


@pytest.mark.parametrize("model", [Small, Pooled])
@pytest.mark.parametrize("frozen", [False, True])
def test_both_tiers_find_the_same_dead_units(model, frozen, monkeypatch):
    engine, eager = make_engine(model=model), make_engine(model=model)
    for item in (engine, eager):
        monkeypatch.setattr(item.stepper.recording, "problem", "eager" * (item is eager))
        bias = np.linspace(-2, 0.5, 8).astype(np.float32)
        state = item.state()
        state.parameters["fc.bias"][...] = bias
        state.parameters["conv.bias"].ravel()[:] = -1.5, -0.8, 0.1
        item.load_state(state)
        if frozen:
            do(item, "freeze *")
    result = [item.count_dead_units() for item in (engine, eager)]
    assert result[0] == result[1]
    assert 0 < sum(item.dead for item in result[0]) < 11


class Twice(Small):
    """The same layer used twice, a ReLU after each, and pooling before another's."""

    def forward(self, images):
        x = functional.relu(functional.max_pool2d(self.conv(images), 1))
        x = functional.flatten(x, 1)
        return self.head(functional.relu(self.fc(x)) + functional.relu(self.fc(0.0 - x)))


def test_a_unit_of_a_layer_used_twice_is_dead_if_it_fires_in_neither_use():
    engine = make_engine(model=Twice)
    weight = np.zeros((8, 48), np.float32)
    weight[0], weight[1] = 1, -1  # each fires in one of the uses; the others in none
    plant(engine, conv__bias=np.float32(5), fc__weight=weight, fc__bias=np.float32(-0.01))
    result = {item.parameter: (item.dead, item.units) for item in engine.count_dead_units()}
    assert result == {"conv.weight": (0, 3), "fc.weight": (6, 8)}


class Tied(Small):
    """The same layer under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.tied = self.head


def test_a_tied_parameter_is_one_parameter():
    tied, plain = make_engine(model=Tied), make_engine()
    assert [*tied.parameters()] == [*plain.parameters()]
    assert train(tied, 3) == train(plain, 3)


@pytest.mark.parametrize("target", ["tied.weight", "tied.w*", "*ied.weight"])
def test_any_name_of_a_tied_parameter_names_it(target):
    engine = make_engine(model=Tied)
    message = do(engine, f"freeze {target}").message
    assert message == f"{target} frozen: head.weight (also tied.weight)"
    assert engine.state().frozen == {"head.weight": 0}
    assert not do(engine, "freeze head.weight").changed
    assert do(engine, f"thaw {target}").changed


def test_groups_accept_any_name_of_a_tied_parameter():
    plans = [Plan("top", ("tied.*",), "sgd", {"lr": 1.0}), Plan("rest", ("*",), "sgd", {"lr": 1.0})]
    engine = make_engine(plans, model=Tied)
    assert [row.name for row in group(engine, "top").parameters] == ["head.bias", "head.weight"]
    assert not do(engine, "group top = head.*").changed
    message = do(engine, "group bias = tied.bias").message
    assert message.startswith("head.bias (also tied.bias) moved to bias")


def test_views_have_the_other_names_of_a_tied_parameter():
    engine = make_engine(model=Tied)
    rows = {row.name: row.aliases for row in group(engine, "fc").parameters}
    assert rows["head.weight"] == ("tied.weight",)
    assert rows["fc.weight"] == ()
    view = engine.inspect_parameter("tied.weight")
    assert view is not None
    assert (view.name, view.aliases) == ("head.weight", ("tied.weight",))
    assert view == engine.inspect_parameter("head.weight")


@pytest.mark.parametrize(
    ("text", "error_text"),
    [
        ("lr tied.weight 1", "names 1 parameter: head.weight (also tied.weight), and no group"),
        ("freeze tied.wait", "did you mean 'tied.weight'?"),
        ("group a = tide.*", "did you mean 'tied'?"),
    ],
)
def test_refusals_accept_every_name_of_a_tied_parameter(text, error_text):
    with pytest.raises(RefusedError) as refusal:
        do(make_engine(model=Tied), text)
    assert error_text in str(refusal.value)


def test_an_empty_group_is_refused_with_all_names_of_tied_parameters():
    plans = [Plan("a", ("*",), "sgd", {"lr": 1.0}), Plan("b", ("tied.bias",), "sgd", {"lr": 1.0})]
    with pytest.raises(RefusedError, match=r"matches: head.bias \(also tied.bias\)"):
        make_engine(plans, model=Tied)


class TiedNorms(Small):
    """A second norm layer whose parameters are those of the first."""

    def __init__(self) -> None:
        super().__init__()
        self.second = BatchNorm2d(3)
        self.second.weight, self.second.bias = self.norm.weight, self.norm.bias

    def forward(self, images):
        x = functional.flatten(functional.relu(self.second(self.norm(self.conv(images)))), 1)
        return self.head(functional.relu(self.fc(self.drop(x))))


def test_freezing_tied_parameters_freezes_the_statistics_of_every_layer_that_has_them():
    engine = make_engine(model=TiedNorms)
    do(engine, "freeze second.*")
    before = buffers(engine)
    train(engine, 2)
    assert len(before) >= 4
    assert buffers(engine) == before


@pytest.mark.parametrize(
    ("text", "error_text"),
    [
        ("optimizer fc adm", "unknown optimizer 'adm', did you mean 'adam'?"),
        ("optimizer fc adam momentum=0.9", "adam has no setting 'momentum'"),
        ("optimizer fc sgd momentum=1", "momentum must be a number in [0, 1), but is 1"),
        ("optimizer fc adam lr=-1", "lr must be"),
        ("optimizer * sgd nesterov=true", "nesterov needs momentum"),
    ],
)
def test_refusals_list_the_allowed_values(engine, text, error_text):
    with pytest.raises(RefusedError) as refusal:
        do(engine, text)
    assert error_text in str(refusal.value)


@pytest.mark.parametrize(
    ("plans", "error_text"),
    [
        ([Plan("conv", ("conv.*",), "sgd", {"lr": 1.0})], "no group takes fc.bias"),
        ([Plan("a", ("*",), "sgd", {})], "sgd needs a learning rate"),
        ([Plan("a", ("x*",), "sgd", {"lr": 1.0})], "no parameter matches 'x*'"),
        (
            [Plan("a", ("*",), "sgd", {"lr": 1.0}), Plan("b", ("fc.*",), "sgd", {"lr": 1.0})],
            "group 'b': it is left with nothing",
        ),
        (
            [Plan("a", ("fc.*",), "sgd", {"lr": 1.0}), Plan("a", ("*",), "sgd", {"lr": 1.0})],
            "a second group is called 'a'",
        ),
        ([Plan("a b", ("*",), "sgd", {"lr": 1.0})], "group 'a b': a name is made of letters"),
        ([Plan("", ("*",), "sgd", {"lr": 1.0}, True)], "group '': a name is made of letters"),
        (
            [Plan("fc.bias", ("c*",), "sgd", {"lr": 1.0}), Plan("b", ("*",), "sgd", {"lr": 1.0})],
            "group 'fc.bias': fc.bias is a parameter, and a group of that name",
        ),
    ],
)
def test_group_plans_that_do_not_fit_are_refused(plans, error_text):
    with pytest.raises(RefusedError) as refusal:
        make_engine(plans)
    assert error_text in str(refusal.value)


def test_a_state_mismatch_names_the_expected_values(engine):
    state = engine.state()
    parameters = dict(state.parameters)
    parameters["fc.wait"] = parameters.pop("fc.weight")
    parameters["head.bias"] = np.zeros(9, np.float32)
    parameters["conv.bias"] = parameters["conv.bias"].astype(np.float64)
    with pytest.raises(StateMismatchError) as error:
        engine.load_state(replace(state, parameters=parameters, frozen={"absent": 1}))
    for error_text in (
        "parameter fc.wait is unknown",
        "parameter fc.weight is missing",
        "parameter head.bias is float32 (9,), expected float32 (4,)",
        "parameter conv.bias is float64",
        "frozen absent: no such parameter",
    ):
        assert error_text in str(error.value)


def test_update_statistics_do_not_depend_on_bursts_or_inspections():
    one_by_one, at_once = make_engine(), make_engine()
    for engine in (one_by_one, at_once):
        do(engine, "optimizer fc sgd")
    for _ in range(4):
        train(one_by_one, 1)
        one_by_one.groups()
    train(at_once, 4)
    assert one_by_one.groups() == at_once.groups()
    assert group(at_once, "fc").update_ratio > 0


@pytest.mark.parametrize("command", ["lr fc 0.5", "freeze conv", "optimizer * sgd lr=0.3"])
def test_a_command_acts_on_the_next_step(command):
    """What was laid out for steps that are all alike must not outlive what it was laid out for."""
    steered, plain = make_engine(), make_engine()
    for engine in (steered, plain):
        do(engine, "optimizer fc sgd")
        train(engine, 3)
    do(steered, command)
    fresh = make_engine()
    fresh.load_state(steered.state())
    for engine in (steered, fresh, plain):
        train(engine, 2)
    assert steered.digest() == fresh.digest() != plain.digest()


def test_the_test_set_gives_the_same_bits_for_any_number_of_threads(engine):
    result = [engine.evaluator.outputs(0, threads)[0].copy() for threads in (1, 2, 3)]
    np.testing.assert_array_equal(result[0], result[1])
    np.testing.assert_array_equal(result[0], result[2])


class Looking(Small):
    """A model that cannot be recorded, for it looks at what it computes."""

    def forward(self, inp):
        out = super().forward(inp)
        out.numpy()
        return out


@pytest.mark.parametrize(
    ("model", "output"), [(Small, ""), (Looking, "takes values out of tensors")]
)
def test_the_fallback_reason_says_why_steps_are_eager(model, output):
    engine = make_engine(model=model)
    train(engine, 1)
    assert output in engine.fallback_reason
    assert bool(engine.fallback_reason) == bool(output)
