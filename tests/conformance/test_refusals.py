"""Impossible commands are refused by name, and commands without effect are unchanged."""

import pytest

from tests.conformance.probes import do, train, whole
from tuitrain.commands import SetSchedule, SwapOptimizer
from tuitrain.errors import RefusedError


@pytest.mark.parametrize(
    ("text", "error_text"),
    [
        ("freeze conf", "'conf' names no group and no parameter, did you mean 'conv'?"),
        ("thaw head.wait", "did you mean 'head.weight'?"),
        ("lr fcc 1", "no group is called 'fcc', did you mean 'fc'? (groups: conv, fc)"),
        ("lr fcc x2", "did you mean 'fc'?"),
        ("decay fcc over 2 epochs", "did you mean 'fc'?"),
        ("schedule fcc cosine to 0 over 2 epochs", "did you mean 'fc'?"),
        ("optimizer fcc adam", "did you mean 'fc'?"),
        ("lr head.* 1", "names 2 parameters, and no group; make it a group first"),
        ("group top = heat.*", "no parameter matches 'heat.*', did you mean 'head'?"),
        ("group top = head.* heat.*", "no parameter matches 'heat.*', did you mean 'head'?"),
        ("optimizer fc adm", "did you mean 'adam'?"),
        ("optimizer fc adam momentum=0.9", "'momentum'"),
        ("optimizer fc adam bettas=0.9,0.99", "did you mean 'betas'?"),
        ("optimizer fc sgd momentum=1", "momentum"),
        ("optimizer fc adam lr=-1", "lr"),
        ("optimizer fc adam weight_decay=-1", "weight_decay"),
        ("optimizer * adam betas=0.9,2", "betas"),
        ("optimizer * sgd nesterov=true", "nesterov needs momentum"),
        ("group fc.bias = conv.*", "fc.bias is a parameter, and a group of that name"),
        ("pause", "is not for the groups"),
        ("undo", "is not for the groups"),
        ("lr fcc auto", "fcc"),
    ],
)
def test_a_refusal_names_the_value_and_changes_nothing(engine, text, error_text):
    train(engine, 2)
    before = whole(engine)
    with pytest.raises(RefusedError) as refusal:
        do(engine, text)
    assert error_text in str(refusal.value)
    assert whole(engine) == before


def test_a_parameter_cannot_leave_the_group_of_its_name_to_others(engine):
    do(engine, "group fc.bias = fc.bias fc.weight")
    before = whole(engine)
    with pytest.raises(RefusedError, match=r"fc\.bias cannot leave the group that has its name"):
        do(engine, "group top = fc.bias")
    assert whole(engine) == before
    assert do(engine, "group top = fc.weight").changed
    assert do(engine, "group top = fc.bias").changed  # the empty group is removed
    assert "fc.bias" not in [group.name for group in engine.groups()]


@pytest.mark.parametrize(
    "command",
    [
        SetSchedule("*", "exponential", 1.5),
        SetSchedule("*", "exponential", 0),
        SetSchedule("*", "milestones", 2, at=(1,)),
        SwapOptimizer("*", "adam", {"lr": -1}),
        SwapOptimizer("*", "adam", {"betas": 0.9}),
        SwapOptimizer("*", "adam", {"eps": True}),
        SwapOptimizer("*", "sgd", {"momentum": (0.9, 0.99)}),
        SwapOptimizer("*", "sgd", {"nesterov": 1, "momentum": 0.9}),
        SwapOptimizer("*", "lamb", {"momentum": 0.9}),
    ],
    ids=repr,
)
def test_values_of_commands_made_in_python_are_checked(engine, command):
    train(engine, 1)
    before = whole(engine)
    with pytest.raises(RefusedError):
        engine.apply(command)
    assert whole(engine) == before
    train(engine, 1)


def test_a_command_that_fails_for_one_group_is_applied_to_none(engine):
    do(engine, "lr fc 1e300")
    before = whole(engine)
    with pytest.raises(RefusedError, match="fc"):
        do(engine, "lr * x1e10")
    assert whole(engine) == before


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("freeze fc", "freeze fc"),
        ("freeze fc", "freeze fc.weight"),
        ("freeze fc", "thaw conv"),
        ("lr fc 0.5", "lr fc 0.5"),
        ("lr fc 0", "lr fc x3"),
        ("lr fc 0.5", "lr fc x1"),
        ("lr fc 0", "decay fc over 3 epochs"),
        ("lr fc 0", "schedule fc exponential x0.5 per step"),
        ("lr fc 0", "schedule fc cosine to 0 over 3 epochs"),
        ("lr fc 0", "optimizer fc adam ramp=5"),
        ("decay fc over 3 epochs", "decay fc over 3 epochs"),
        ("schedule fc cosine to 0 over 3 epochs", "schedule fc cosine to 0 over 3 epochs"),
        ("clip norm 1", "clip norm 1"),
        ("group top = head.*", "group top = head.*"),
        ("group top = head.*", "group top = head.bias"),
        ("optimizer fc adam eps=0.1", "optimizer fc adam eps=0.1"),
        ("optimizer fc adam eps=0.1", "optimizer fc adam"),
    ],
)
def test_a_command_without_effect_is_unchanged(engine, first, again):
    assert do(engine, first).changed
    before = whole(engine)
    change = do(engine, again)
    assert not change.changed
    assert change.message
    assert whole(engine) == before


@pytest.mark.parametrize(
    "text",
    [
        "lr * x2",
        "lr * x0",
        "decay * over 3 epochs",
        "schedule * exponential x0.5 per step",
        "schedule * milestones x0.5 at 1 step warmup=2",
        "schedule * cosine to 0 over 3 steps",
    ],
)
def test_scaling_an_lr_that_has_decayed_to_zero_is_unchanged(engine, text):
    do(engine, "decay * over 2 steps")
    train(engine, 1)
    assert do(engine, "lr * x2").changed
    train(engine, 1)
    before = whole(engine)
    assert not do(engine, text).changed
    assert whole(engine) == before
    assert do(engine, "schedule * linear to 0.1 over 2 steps").changed


def test_a_group_may_have_the_name_of_a_parameter_that_it_holds(engine):
    assert do(engine, "group fc.bias = fc.bias conv.bias").changed
    assert do(engine, "group fc.bias = conv.weight").changed
