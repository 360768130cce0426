"""Who gives a command, and why: what is allowed, and the errors for what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.errors import RefusedError
from tuitrain.run.authorship import (
    ACTOR_KINDS,
    MAX_PLACE,
    MAX_WHY,
    check_actor,
    check_submitter,
    check_why,
    is_automatic,
    make_actor,
)


@pytest.mark.parametrize("actor", [*ACTOR_KINDS, "key@laptop", "ctl@gpu-7.lab", "agent@a", "key@0"])
def test_well_formed_actors_are_kept(actor):
    assert check_actor(actor) == actor


@pytest.mark.parametrize(
    ("actor", "message"),
    [
        ("keys", "'keys' is not known, did you mean 'key'"),
        ("", "'' is not known"),
        ("key@", "after @ comes the name"),
        ("key@a b", "after @ comes the name"),
        ("key@a@b", "after @ comes the name"),
        ("key@\x1b[2J", "after @ comes the name"),
        ("key@-a", "after @ comes the name"),
        ("key@ä", "after @ comes the name"),
        ("key@" + "a" * (MAX_PLACE + 1), f"at most {MAX_PLACE}"),
        ("breakpoint@laptop", "breakpoint is of the run itself"),
        ("scenario@laptop", "scenario is of the run itself"),
        ("x" * 10_000, "is not known"),
    ],
)
def test_other_actors_are_one_clear_error(actor, message):
    with pytest.raises(RefusedError) as error:
        check_actor(actor)
    assert message in str(error.value).replace(" (did", ", did")
    assert len(str(error.value)) < 400


def test_only_the_run_itself_acts_as_scenario_breakpoint_and_rule():
    assert [kind for kind in ACTOR_KINDS if is_automatic(kind)] == [
        "scenario",
        "breakpoint",
        "rule",
    ]
    for kind in ACTOR_KINDS:
        if is_automatic(kind):
            with pytest.raises(RefusedError, match="only the run itself"):
                check_submitter(kind)
        else:
            assert check_submitter(kind) == kind


@given(st.sampled_from(["key", "ctl", "agent"]), st.text())
def test_an_actor_can_be_made_of_any_name(kind, place):
    actor = make_actor(kind, place)
    assert check_submitter(actor) == actor
    assert actor.partition("@")[0] == kind


def test_a_reason_is_one_line_of_limited_length():
    assert check_why("  plateau since 3 000 – ä ✓ ") == "plateau since 3 000 – ä ✓"
    assert check_why("x" * MAX_WHY) == "x" * MAX_WHY
    with pytest.raises(RefusedError, match=f"201 characters, and at most {MAX_WHY}"):
        check_why("x" * 201)


@pytest.mark.parametrize("bad", ["\n", "\r", "\x1b", "\0", "\x7f", "\u2028", "\u202e", "\x85"])
def test_a_reason_has_no_control_characters(bad):
    with pytest.raises(RefusedError, match="one line of text"):
        check_why(f"a{bad}b")
