"""The text form of commands: printed commands read back, and errors explain the others."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.commands import (
    VOCABULARY,
    AddBreakpoint,
    AddRule,
    AutoLr,
    Branch,
    Checkpoint,
    Clip,
    Command,
    Decay,
    Freeze,
    Pause,
    Preview,
    Redo,
    Regroup,
    RemoveBreakpoint,
    RemoveRule,
    Resume,
    Rewind,
    RewindBy,
    RewindToCheckpoint,
    ScaleLr,
    SetLr,
    SetPace,
    SetSchedule,
    Step,
    Stop,
    SwapOptimizer,
    Thaw,
    TryLr,
    Undo,
    command_target,
    number_text,
    parse,
    to_text,
)
from tuitrain.errors import CommandError

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]{0,12}", fullmatch=True)
targets = st.one_of(names, st.from_regex(r"[A-Za-z0-9_.*?\[\]!\-]{1,12}", fullmatch=True))
counts = st.integers(1, 999_999_999_999)
rates = st.floats(0, allow_infinity=False, allow_nan=False).map(lambda x: x + 0.0)
numbers = st.floats(allow_infinity=False, allow_nan=False).map(lambda x: x + 0.0)
settings_ = st.dictionaries(
    names.filter(lambda key: key not in ("state", "ramp")),
    st.one_of(numbers, st.booleans(), st.tuples(numbers, numbers)),
    max_size=4,
)
conditions = st.one_of(
    st.just(AddBreakpoint("nan")),
    st.builds(AddBreakpoint, st.just("loss"), rates),
    st.builds(AddBreakpoint, st.just("mae"), numbers, sign=st.sampled_from([">=", "<=", ">", "<"])),
    st.builds(AddBreakpoint, st.just("grad_norm"), rates, targets),
    st.builds(AddBreakpoint, st.just("dead_units"), st.floats(0, 100, exclude_max=True), targets),
)
parts = st.one_of(
    st.sampled_from(["pause", "stop", "undo", "redo", "clip off", "rewind before"]),
    st.builds("freeze {}".format, targets),
    st.builds("rewind by {}".format, counts),
    st.builds("lr {} x{}".format, targets, rates.map(number_text)),
    st.builds("optimizer {} adam lr={} betas=0.8,0.9".format, targets, rates),
    st.builds("group {} = {} {}".format, names, targets, targets),
)
commands = st.one_of(
    st.sampled_from([Pause(), Resume(), Stop()]),
    st.builds(Step, counts),
    st.builds(Freeze, targets),
    st.builds(Thaw, targets, st.sampled_from(["keep", "reset"])),
    st.builds(SetLr, targets, rates),
    st.builds(ScaleLr, targets, rates),
    st.builds(AutoLr, targets),
    st.builds(Decay, targets, counts, st.sampled_from(["epochs", "steps"])),
    st.builds(
        SwapOptimizer,
        targets,
        names,
        settings_,
        st.sampled_from([None, "carry", "reset"]),
        st.integers(0, 999),
    ),
    st.builds(Preview, st.builds("freeze {}".format, targets)),
    st.builds(Preview, conditions.map(to_text)),
    st.builds(Rewind, st.integers(0, 999_999_999_999)),
    st.builds(RewindBy, counts),
    st.builds(AddRule, conditions, st.lists(parts, min_size=1, max_size=4).map(tuple), counts),
    st.builds(RemoveRule, st.one_of(st.none(), conditions)),
    st.builds(Branch, names),
    st.builds(RewindToCheckpoint, names.filter(lambda name: name != "auto")),
    st.builds(Checkpoint, names.filter(lambda name: name != "auto")),
    st.sampled_from([Undo(), Redo(), Clip("off"), RemoveBreakpoint(), AddBreakpoint("nan")]),
    st.builds(AddBreakpoint, st.just("loss"), rates),
    st.builds(AddBreakpoint, st.just("accuracy"), st.floats(0, 1)),
    st.builds(AddBreakpoint, st.just("dead_units"), st.floats(0, 100, exclude_max=True), targets),
    st.builds(RemoveBreakpoint, st.builds(AddBreakpoint, st.just("loss"), rates)),
    st.builds(
        TryLr,
        targets,
        st.lists(
            st.tuples(st.sampled_from(["", "x"]), rates.map(number_text)).map("".join), min_size=1
        ).map(tuple),
        counts,
    ),
    st.builds(AddBreakpoint, st.just("grad_norm"), rates, targets),
    st.builds(Clip, st.sampled_from(["norm", "value"]), rates.filter(bool)),
    st.builds(
        SetSchedule,
        targets,
        st.sampled_from(["linear", "cosine", "one-cycle"]),
        rates,
        counts,
        unit=st.sampled_from(["epochs", "steps"]),
        warmup=st.integers(0, 999),
    ),
    st.builds(
        SetSchedule,
        targets,
        st.just("exponential"),
        rates,
        unit=st.sampled_from(["epochs", "steps"]),
        warmup=st.integers(0, 999),
    ),
    st.builds(
        SetSchedule,
        targets,
        st.just("milestones"),
        rates,
        at=st.sets(counts, min_size=1, max_size=4).map(sorted).map(tuple),
        unit=st.sampled_from(["epochs", "steps"]),
    ),
    st.builds(Regroup, names, st.lists(targets, min_size=1, max_size=3).map(tuple)),
)


@given(commands)
def test_a_printed_command_reads_back_equal(command: Command):
    assert parse(to_text(command)) == command


@given(st.text(max_size=60))
def test_any_text_is_a_command_or_a_command_error(text: str):
    try:
        command = parse(text)
    except CommandError as error:
        assert str(error)
    else:
        assert parse(to_text(command)) == command


words = st.one_of(
    st.sampled_from(
        ["loss", ">", "x3", "3x", "nan", "do", "lr", "*", "x0.5", ";", "; ", "at most"]
    ),
    st.sampled_from(["rewind", "by", "200;", "at", "most", "3", "times", "off", "when", "stop;"]),
    st.text(max_size=3),
)


@given(st.lists(words, max_size=14).map(" ".join))
def test_any_text_after_when_is_a_rule_or_one_error_that_says_how_it_is_written(text: str):
    try:
        rule = parse(f"when {text}")
    except CommandError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 700
        return
    assert isinstance(rule, AddRule | RemoveRule)
    assert parse(to_text(rule)) == rule
    assert to_text(parse(to_text(rule))) == to_text(rule)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("when nan do", "was given 'nan do' (write: when CONDITION do COMMAND"),
        ("when nan do ;", "takes commands with a ; between them, but was given none"),
        ("when nan do stop; at most 0 times", "takes a whole number from 1 up, but was given '0'"),
        ("when nan do at most 2 times; stop", "ends with `at most N times`"),
        ("when nan do at most 3 times", "takes a command before `at most 3 times`, but was given"),
        (f"when nan do {'stop; ' * 16}stop", "takes at most 16 commands, but was given 17"),
        ("when nan do resume", "takes freeze, thaw, lr, decay, schedule, clip, optimizer, group,"),
        ("when nan do lrr fc 1", "but was given 'lrr', did you mean 'lr'?"),
        ("when nan do lr fc x", "lr takes a number as its factor, but was given ''"),
        ("when dead units of fc > 200% do stop", "when takes a share below 100%"),
        ("when lose > 3x do stop", "takes a number as its limit, but was given '3x'"),
    ],
)
def test_the_error_of_a_rule_says_what_is_wrong(text: str, problem: str):
    with pytest.raises(CommandError) as error:
        parse(text)
    assert problem in str(error.value)


def test_a_factor_is_read_with_its_x_on_either_side():
    assert parse("when loss > 3x do stop") == parse("when loss > x3 do stop")
    assert to_text(parse("break when loss > 1.5x")) == "break when loss > x1.5"


@pytest.mark.parametrize("verb", VOCABULARY, ids=lambda verb: verb.name)
def test_the_target_of_an_example_is_that_of_its_command(verb):
    for example in verb.examples:
        command = parse(example)
        fields = msgspec.structs.asdict(command)
        assert command_target(command) == fields.get("target")


@pytest.mark.parametrize("verb", VOCABULARY, ids=lambda verb: verb.name)
def test_the_examples_of_every_verb_are_commands(verb):
    for example in verb.examples:
        assert example.startswith(verb.name)
        assert parse(to_text(parse(example))) == parse(example)


def test_the_help_says_that_an_lr_of_zero_is_not_a_freeze():
    lr, freeze = verb_named("lr"), verb_named("freeze")
    assert "At 0, weights keep their values; gradients are computed" in lr.summary
    assert "no gradient" in freeze.summary


def verb_named(name: str):
    return next(item for item in VOCABULARY if item.name == name)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("lr fc 0.01", SetLr("fc", 0.01)),
        ("lr * x0.5", ScaleLr("*", 0.5)),
        ("lr fc auto", AutoLr("fc")),
        ("freeze conv*", Freeze("conv*")),
        ("thaw fc", Thaw("fc", "keep")),
        ("step 10", Step(10)),
        ("speed 150", SetPace(150.0)),
        ("speed 0.5", SetPace(0.5)),
        ("speed max", SetPace(None)),
        ("  step  ", Step(1)),
        ("decay conv over 10 epochs", Decay("conv", 10, "epochs")),
        ("decay conv over 1 epoch", Decay("conv", 1, "epochs")),
        ("group head = classifier.* fc2.*", Regroup("head", ("classifier.*", "fc2.*"))),
        (
            "optimizer fc adam lr=1e-3 betas=0.9,0.99 state=reset",
            SwapOptimizer("fc", "adam", {"lr": 1e-3, "betas": (0.9, 0.99)}, "reset"),
        ),
        (
            "optimizer fc sgd nesterov=true momentum=0.9",
            SwapOptimizer("fc", "sgd", {"nesterov": True, "momentum": 0.9}),
        ),
    ],
)
def test_commands_are_read_as_documented(text: str, command: Command):
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no command given"),
        ("frieze fc", "unknown command 'frieze', did you mean 'freeze'?"),
        ("freeze", "freeze was given nothing (write: freeze TARGET)"),
        ("freeze a b", "was given 'a b'"),
        ("lr fc -1", "learning rate of 0 or more, but was given '-1'"),
        ("lr fc nan", "finite learning rate, but was given 'nan'"),
        ("lr fc xinf", "finite factor"),
        ("lr fc fast", "takes a number as its learning rate, but was given 'fast'"),
        ("step 0", "whole number from 1 up, but was given '0'"),
        ("decay fc over 3 epoc", "did you mean 'epochs'?"),
        ("decay fc in 3 epochs", "expects 'over'"),
        ("thaw fc restet", "keep or reset as its state, but was given 'restet', did you mean"),
        ("optimizer fc adam lr", "expects KEY=VALUE, but was given 'lr'"),
        ("optimizer fc adam lr=1 lr=2", "was given 'lr' twice"),
        ("optimizer fc adam betas=1,2,3", "one or two numbers for betas"),
        ("group 1st = a", "takes a name of letters"),
        ("group head a", "write: group NAME = GLOB"),
        ("rewind -3", "whole number"),
        ("checkpoint", "checkpoint was given nothing (write: checkpoint NAME)"),
        ("checkpoint a b", "was given 'a b'"),
        ("checkpoint ../a", "at most 64 characters, of A to Z, a to z, digits"),
        ("checkpoint 3", "begins with a letter or '_', but was given '3'"),
        (f"checkpoint {'a' * 65}", "at most 64 characters"),
        ("checkpoint auto", "the run uses this name for its automatic checkpoint"),
        ("rewind auto", "the run uses this name for its automatic checkpoint"),
        ("clip norm 0", "takes a limit above 0"),
        ("clip of 3", "norm or value as its kind"),
        ("schedule fc cosin to 0 over 3 epochs", "did you mean 'cosine'?"),
        ("schedule fc milestones x0.1 at 5,3 epochs", "milestones that ascend"),
        ("break when loss > 3", "write: break when nan | loss > xFACTOR"),
        ("break when accuracy >= 97", "takes an accuracy from 0 to 1 (97% is 0.97)"),
        ("break when dead units of conv > 0.5", "write: break when nan | loss > xFACTOR"),
        ("break when dead units of conv > 100%", "takes a share below 100%"),
        ("break when dead units of con/v > 50%", "a group's name or a glob"),
        ("break off loss", "write: break when nan"),
        ("try lr fc for 200 steps", "write: try lr TARGET"),
        ("decay over 10 epochs", "decay has nothing before 'over'"),
        ("group = a*", "group has nothing before '='"),
        ("step 10 x", "step takes one value, but was given '10 x'"),
        ("rewind 9999999999999", "rewind takes a number up to 999999999999, but was given"),
        ("try lr fc x0.1, fast for 200 steps", "takes a number as its learning rate"),
        ("preview undo", "preview takes freeze, thaw, lr"),
        ("preview freeze", "freeze was given nothing"),
        ("preview when off", "preview takes a condition to set, but was given 'when off'"),
        ("preview when nan do", "was given 'nan do' (write: when CONDITION do COMMAND"),
        (
            "branch 1x",
            "takes a branch's name of letters, digits, '_', '.' and '-', but was given '1x'",
        ),
        ("pause now", "takes nothing after it, but was given 'now'"),
    ],
)
def test_errors_name_the_value_and_the_allowed_values(text: str, message: str):
    with pytest.raises(CommandError) as error:
        parse(text)
    assert message in str(error.value)


def test_one_step_may_be_written_in_the_singular():
    assert parse("try lr fc 0.1 for 20 step") == parse("try lr fc 0.1 for 20 steps")
    assert parse("decay fc over 10 epoch") == parse("decay fc over 10 epochs")
