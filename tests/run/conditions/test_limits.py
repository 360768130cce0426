"""Limits: the run refuses what programs that steer it may not do, and keeps a checkpoint before."""

from typing import Any

import pytest

from tests.engines.conftest import make_engine
from tuitrain.commands import parse
from tuitrain.errors import RefusedError
from tuitrain.run.limits import Limits, make_limits
from tuitrain.run.session import Session
from tuitrain.run.snapshot import RunInfo


def make(**limits: Any) -> Session:
    engine = make_engine()
    info = RunInfo("test", "small", "digits", 0, 8, engine.steps_per_epoch, 60)
    return Session(engine, info, limits=Limits(**limits))


def give(session: Session, text: str, actor: str = "agent") -> tuple[str, str]:
    entry = session.apply_command(parse(text), actor, 1)
    return entry.outcome, entry.message


def test_a_factor_beyond_the_limit_is_refused_with_the_limit_and_what_was_asked():
    session = make(lr_factor=10)
    outcome, message = give(session, "lr fc x20")
    assert outcome == "refused"
    assert message == (
        "the limits of this run allow agent a factor of 10 for a learning rate at once, and "
        "'lr fc x20' takes fc from 0.01 to 0.2, x20"
    )
    assert give(session, "lr fc x10")[0] == "applied"


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ("lr fc 0.1", True),
        ("lr fc 0.11", False),
        ("lr fc 0.0009", False),
        ("lr fc 0", False),
        ("lr * x0.1", True),
        ("lr * x0.09", False),
        ("optimizer fc adam lr=0.0001", False),
        ("optimizer fc adam lr=0.001", True),
        ("schedule fc cosine to 0 over 4 epochs", True),
        ("schedule fc one-cycle to 0.2 over 4 epochs", False),
        ("schedule fc exponential x20 per epoch", False),
        ("try lr fc x0.5, x20 for 2 steps", False),
        ("decay fc over 2 epochs", True),
        ("freeze fc", True),
        ("pause", True),
    ],
)
def test_every_way_to_another_learning_rate_is_limited(text: str, is_allowed: bool):
    assert (give(make(lr_factor=10), text)[0] != "refused") == is_allowed


def test_limits_hold_for_the_named_kinds_of_actors_at_any_place():
    session = make(lr_factor=2)
    assert give(session, "lr fc x3", "agent@laptop")[0] == "refused"
    assert give(session, "lr fc x3", "ctl")[0] == "applied"
    assert give(make(lr_factor=2, actors=("ctl", "key")), "lr fc x3", "key")[0] == "refused"


@pytest.mark.parametrize(
    ("text", "changed"),
    [("freeze conv", "conv"), ("lr * x0.5", "conv"), ("clip norm 1", "conv"), ("freeze fc", "")],
)
def test_only_the_named_groups_may_be_changed(text: str, changed: str):
    outcome, message = give(make(groups=("f*",)), text)
    assert (outcome == "refused") == bool(changed)
    if changed:
        assert message == (
            f"the limits of this run allow agent to change f*, and {text!r} changes {changed}"
        )


def test_parameters_of_other_groups_cannot_be_moved():
    session = make(groups=("f*",))
    assert give(session, "group fb = conv.*")[0] == "refused"
    assert give(session, "group other = fc.bias")[0] == "refused"
    assert give(session, "group fb = fc.bias")[0] == "applied"


def test_only_the_named_commands_may_be_given():
    session = make(commands=("lr", "pause"))
    assert give(session, "pause")[0] == "applied"
    outcome, message = give(session, "freeze fc")
    assert outcome == "refused"
    assert message.endswith("allow agent the commands lr or pause, and this one is freeze")


def test_commands_are_counted_over_a_thousand_steps_and_a_rewind_frees_none():
    session = make(per_thousand_steps=2)
    session.run_burst(max_steps=3)
    assert give(session, "lr fc x3", "key")[0] == "applied"
    assert give(session, "lr fc x0.5")[0] == "applied"
    assert give(session, "pause")[0] == "applied"
    assert give(session, "rewind 1")[0] == "applied"
    outcome, message = give(session, "lr fc x0.5")
    assert outcome == "refused"
    assert message.endswith(
        "allow agent 2 commands in 1000 steps, and 2 were applied in the last 1000"
    )


def test_a_checkpoint_is_kept_before_each_change():
    session = make(checkpoint=True, commands=("lr", "rewind"), per_thousand_steps=3)
    assert give(session, "lr fc x0.5")[0] == "applied"
    assert give(session, "lr fc x0.5")[0] == "applied"
    kept = [entry for entry in session.journal.entries() if entry.command.startswith("checkpoint")]
    assert [(entry.actor, entry.why) for entry in kept] == [("agent", "before lr fc x0.5")] * 2
    assert give(session, "rewind before-agent", "key")[0] == "applied"
    assert len(session.timeline.branch.decisions) == 1
    assert give(session, "checkpoint other")[0] == "refused"


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"lr_factr": 2}, "no key 'lr_factr', did you mean 'lr_factor'?"),
        ({"lr_factor": 0.5}, "lr_factor is a number of 1 or more, but was given 0.5"),
        ({"lr_factor": True}, "lr_factor is a number of 1 or more, but was given True"),
        ({"per_thousand_steps": -1}, "per_thousand_steps is a whole number from 0 to 999999999999"),
        ({"commands": ["lrr"]}, "commands: 'lrr' is not known, did you mean 'lr'?"),
        ({"commands": "lr"}, "commands is a list of one or more strings, none of them empty, but"),
        (
            {"groups": [""]},
            "groups is a list of one or more strings, none of them empty, but was given ['']",
        ),
        ({"groups": []}, "groups is a list of one or more strings"),
        ({"actors": ["scenario"]}, "actors: 'scenario' is not known"),
        ({"checkpoint": 1}, "checkpoint is true or false, but was given 1"),
        (["lr"], "limits is a table"),
    ],
)
def test_limits_that_are_none_are_errors(limits: Any, problem: str):
    with pytest.raises(RefusedError) as error:
        make_limits(limits)
    assert problem in str(error.value)


def test_limits_are_shown_in_one_line():
    limits = Limits(lr_factor=10, groups=("fc*",), checkpoint=True)
    text = "for agent: lr_factor 10, groups fc*, a checkpoint before each change"
    assert limits.describe() == text
    session = make(lr_factor=10, groups=("fc*",), checkpoint=True)
    assert session.snapshot().limits == text
