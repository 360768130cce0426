"""Commands made in Python have only values that their text form can have."""

import math
from typing import get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.commands import (
    AddBreakpoint,
    AnyCommand,
    Branch,
    Clip,
    Command,
    Decay,
    Freeze,
    Preview,
    Regroup,
    Rewind,
    ScaleLr,
    SetLr,
    SetPace,
    SetSchedule,
    Step,
    SwapOptimizer,
    Thaw,
    TryLr,
    parse,
    to_text,
)
from tuitrain.errors import CommandError

numbers = st.one_of(st.sampled_from([0, 1, 2, -1, 0.5, 1.5, 100, 10**13, 10**400]), st.floats())
texts = st.one_of(
    st.sampled_from(["fc", "*", "", "a b", "x0.1", "0.1", "nan", "lr fc 1", "undo", "b1", "state"]),
    st.sampled_from(["keep", "reset", "carry", "norm", "value", "off", "epochs", "steps"]),
    st.sampled_from(["linear", "milestones", "exponential", "grad_norm", "dead_units", "accuracy"]),
    st.text(max_size=3),
)
plain = st.one_of(st.none(), st.booleans(), numbers, texts)
anything = st.one_of(
    plain,
    st.lists(plain, max_size=3),
    st.lists(plain, max_size=3).map(tuple),
    st.dictionaries(texts, st.one_of(plain, st.tuples(numbers, numbers)), max_size=2),
)


def _values(kind: type[Command]) -> st.SearchStrategy:
    """Give values for the fields of a command, most often wrong ones."""
    fields = msgspec.structs.fields(kind)
    return st.fixed_dictionaries(
        {item.name: anything for item in fields if item.required},
        optional={item.name: anything for item in fields if not item.required},
    )


@pytest.mark.parametrize("kind", get_args(AnyCommand))
@given(data=st.data())
def test_any_values_make_a_command_that_reads_back_or_a_command_error(kind, data):
    try:
        command = kind(**data.draw(_values(kind)))
    except CommandError as error:
        assert str(error)
    else:
        assert parse(to_text(command)) == command


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SetPace(0), "takes 0.01 steps a second or more, or max, but was given 0"),
        (lambda: SetPace(-1), "of 0 or more, but was given -1"),
        (lambda: SetPace(True), "takes a number"),
        (lambda: Step(0), "takes a whole number from 1 up, but was given 0"),
        (lambda: Step(-3), "from 1 up, but was given -3"),
        (lambda: Step(2.0), "takes a whole number"),
        (lambda: Step(True), "takes a whole number"),
        (lambda: Freeze(""), "takes a group's name or a glob, but was given ''"),
        (lambda: Freeze(None), "but was given None"),
        (lambda: Freeze("a b"), "but was given 'a b'"),
        (lambda: Thaw("fc", "rest"), "keep or reset as its state, but was given 'rest', did you"),
        (lambda: SetLr("fc", math.nan), "takes a finite learning rate, but was given nan"),
        (lambda: SetLr("fc", math.inf), "takes a finite learning rate, but was given inf"),
        (lambda: SetLr("fc", -1), "takes a learning rate of 0 or more, but was given -1"),
        (lambda: SetLr("fc", "0.1"), "takes a number as its learning rate, but was given '0.1'"),
        (lambda: SetLr("fc", 10**400), "takes a finite learning rate"),
        (lambda: ScaleLr("*", -0.5), "takes a factor of 0 or more"),
        (lambda: ScaleLr("*", math.nan), "takes a finite factor"),
        (lambda: Decay("*", 0), "takes a whole number from 1 up"),
        (lambda: Decay("*", 3, "days"), "epochs or steps as its unit"),
        (lambda: SetSchedule("*", "linar", 0.1), "did you mean 'linear'?"),
        (lambda: SetSchedule("*", "linear", -1.0), "learning rate of 0 or more"),
        (lambda: SetSchedule("*", "exponential", math.nan), "takes a finite factor"),
        (lambda: SetSchedule("*", "milestones", 0.5), "takes one or more milestones"),
        (lambda: SetSchedule("*", "milestones", 0.5, at=(5, 3)), "that ascend, but was given"),
        (lambda: SetSchedule("*", "cosine", 0.0, over=0), "takes a whole number from 1 up"),
        (lambda: SetSchedule("*", "cosine", 0.0, at=(3,)), "not take at with cosine"),
        (lambda: SetSchedule("*", "exponential", 0.9, over=5), "not take over with exponen"),
        (lambda: SetSchedule("*", "cosine", 0.0, warmup=-1), "from 0 up as its warmup"),
        (lambda: Clip("norm"), "takes a limit above 0"),
        (lambda: Clip("norm", math.nan), "takes a finite limit"),
        (lambda: Clip("value", -1.0), "takes a limit of 0 or more"),
        (lambda: Clip("off", 3.0), "not take limit with off"),
        (lambda: Clip("sum", 3.0), "norm, value or off as its kind"),
        (lambda: SwapOptimizer("*", ""), "takes the name of an optimizer"),
        (lambda: SwapOptimizer("*", "adam", {"lr": math.nan}), "takes a finite lr"),
        (lambda: SwapOptimizer("*", "adam", {"betas": (0.9,)}), "one or two numbers for betas"),
        (lambda: SwapOptimizer("*", "adam", {"eps": "small"}), "takes a number as its eps"),
        (lambda: SwapOptimizer("*", "adam", {"state": True}), "takes state as an argument"),
        (lambda: SwapOptimizer("*", "adam", [("lr", 0.1)]), "takes its settings by name"),
        (lambda: SwapOptimizer("*", "adam", state="keep"), "carry or reset as its state"),
        (lambda: SwapOptimizer("*", "adam", ramp=-1), "from 0 up as its ramp"),
        (lambda: Regroup("", ("*",)), "takes a name of letters"),
        (lambda: Regroup("top", ()), "takes one or more globs, but was given ()"),
        (lambda: Regroup("top", "head.*"), "takes one or more globs, but was given 'head.*'"),
        (lambda: Regroup("top", ("",)), "a group's name or a glob, but was given ''"),
        (lambda: Rewind(-1), "takes a whole number from 0 up, but was given -1"),
        (lambda: Branch(""), "takes a branch's name"),
        (lambda: TryLr("fc", (), 10), "takes one or more learning rates"),
        (lambda: TryLr("fc", ("fast",), 10), "takes a number as its learning rate"),
        (lambda: TryLr("fc", (0.1,), 10), "takes learning rates as text, but was given 0.1"),
        (lambda: TryLr("fc", ("0.1",), 0), "takes a whole number from 1 up as its steps"),
        (lambda: Preview("lr fc"), "lr was given 'fc'"),
        (lambda: Preview("undo"), "preview takes freeze, thaw"),
        (lambda: Preview(""), "preview takes freeze, thaw"),
        (lambda: AddBreakpoint("nand"), "did you mean 'nan'?"),
        (lambda: AddBreakpoint("nan", 3.0), "not take limit with nan"),
        (lambda: AddBreakpoint("loss", math.nan), "takes a finite factor"),
        (lambda: AddBreakpoint("loss", 2.0, "fc"), "not take group with loss"),
        (lambda: AddBreakpoint("grad_norm", 2.0), "a group's name or a glob, but was given ''"),
        (lambda: AddBreakpoint("dead_units", 100.0, "fc"), "takes a share below 100%"),
        (lambda: AddBreakpoint("accuracy", 97.0), "from 0 to 1 (97% is 0.97), but was given 97"),
    ],
)
def test_a_wrong_value_is_refused_when_the_command_is_made(make, message):
    with pytest.raises(CommandError) as error:
        make()
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (SetLr("fc", 1), "lr fc 1"),
        (SetLr("fc", np.float64(0.1)), "lr fc 0.1"),
        (SetLr("fc", np.float32(0.5)), "lr fc 0.5"),
        (SetLr("fc", -0.0), "lr fc 0"),
        (Step(np.int64(3)), "step 3"),
        (Regroup("top", ["a", "b"]), "group top = a b"),
        (SwapOptimizer("*", "adam", {"betas": [0.9, 0.99]}), "optimizer * adam betas=0.9,0.99"),
        (TryLr("fc", ["x1e0", "0.10"], 5), "try lr fc x1, 0.1 for 5 steps"),
        (Preview("freeze   conv"), "preview freeze conv"),
    ],
)
def test_equivalent_values_are_normalized(command, text):
    assert to_text(command) == text
    assert parse(text) == command


def test_a_command_copies_its_settings():
    settings = {"eps": 0.1}
    command = SwapOptimizer("fc", "adam", settings)
    settings["eps"] = math.nan
    assert command.settings == {"eps": 0.1}


@pytest.mark.parametrize(
    "text", ["speed {}", "speed -{}", "lr fc 0.{}x", "step -{}", "optimizer fc adam betas={}x,1"]
)
def test_an_error_shows_the_beginning_of_a_long_word(text):
    with pytest.raises(CommandError) as error:
        parse(text.format("9" * 5000))
    assert len(str(error.value)) < 400
