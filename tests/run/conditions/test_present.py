"""A preview of a breakpoint or a rule says whether its condition holds now, and changes nothing."""

import re

import pytest

from tests.run.conditions.test_rules import do, make, run_to
from tuitrain.commands import parse
from tuitrain.run.session import Session


@pytest.fixture
def session() -> Session:
    """A run of which two epochs are trained."""
    made = make(total=40)
    run_to(made, 2 * made.info.steps_per_epoch)
    return made


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("when loss > x3 do rewind by 2", r"would act now: no, loss \S+ is not above 3 x \S+"),
        ("when loss > x0.001 do stop", r"would act now: yes, loss \S+ is above 0\.001 x \S+"),
        ("break when nan", r"would pause the run now: no, loss is \S+"),
        ("when grad_norm f* > 0 do stop", r"would act now: yes, grad_norm of fc is \S+, above 0"),
        (
            "break when grad_norm fc > 1000000000.0",
            r"would pause the run now: no, .*, not above 1e\+09",
        ),
        ("break when accuracy >= 0", r"would pause the run now: yes, accuracy \S+ has reached 0"),
        ("when accuracy > 1 do stop", r"would act now: no, accuracy \S+ is not above 1"),
        (
            "when dead units of fc > 99% do stop",
            r"would act now: no, .* are dead \(.*not above 99%",
        ),
    ],
)
def test_a_preview_says_whether_the_condition_holds_and_why(session, text, effect):
    before = session.engine.digest()
    message = do(session, f"preview {text}", "unchanged")
    assert re.fullmatch(effect + r"\)?", message), message
    preview = session.preview(parse(text))
    assert (preview.command, preview.effect, preview.problem) == (text, message, "")
    assert session.engine.digest() == before
    assert not session.rules.views() and not session.breakpoints.texts()


def test_what_cannot_be_known_yet_is_said():
    fresh = make()
    unknown = "would act now: not known yet, "
    for text, why in (
        ("nan", "no step is taken"),
        ("loss > x3", "no step is taken"),
        ("accuracy > 0.5", "accuracy is not measured so far"),
    ):
        assert do(fresh, f"preview when {text} do stop", "unchanged") == unknown + why
    run_to(fresh, 3)
    message = do(fresh, "preview when loss > x3 do stop", "unchanged")
    assert message == unknown + "the average needs 10 finite losses"


def test_a_rule_that_is_used_up_would_pause_the_run(session):
    rule = "when grad_norm fc > 0 do lr fc x0.5"
    do(session, rule)
    run_to(session, session.step + 2)
    message = do(session, f"preview {rule}", "unchanged")
    assert message.endswith("; it is used up, and would pause the run")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("when nan do lr absent x0.5", "no group is called 'absent'"),
        ("break when grad_norm head > 1", "no group is called 'head'"),
        ("when f1 >= 0.5 do stop", "f1"),
    ],
)
def test_a_preview_of_what_would_be_refused_gives_the_reason(session, text, problem):
    assert problem in do(session, f"preview {text}", "refused")
    assert problem in session.preview(parse(text)).problem
