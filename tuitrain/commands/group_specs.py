"""The commands that change groups, as they are written: these can be previewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .command import number_text, setting_text
from .command_spec import CommandSpec
from .forms import Form
from .group_commands import (
    SCHEDULES,
    UNITS,
    AutoLr,
    Clip,
    Decay,
    Freeze,
    Regroup,
    ScaleLr,
    SetLr,
    SetSchedule,
    SwapOptimizer,
    Thaw,
)
from .part import Fields, Names, Suggestions
from .parts import Choice, Option, Rest, Value, Word
from .tokens import any_word, count, counts, non_negative, setting, unit
from .usage import usage_error

_UNSCALED = r"(?!x|auto$)"
"""Matches the beginning of a learning rate: not the ``x`` of a factor, and not ``auto``."""


@dataclass(frozen=True, slots=True)
class _Settings:
    """An optimizer's settings, its ``state`` and its ``ramp``, as ``KEY=VALUE`` in any order."""

    def read(self, name: str, words: Sequence[str], start: int, fields: Fields) -> int:
        settings: dict[str, Any] = {}
        for word in words[start:]:
            key, equals, value = word.partition("=")
            if not equals:
                raise usage_error(name, f"expects KEY=VALUE, but was given {word!r}")
            if key == "state":
                fields["state"] = value
            elif key == "ramp":
                fields["ramp"] = count()(name, value)
            elif key in settings:
                raise usage_error(name, f"was given {key!r} twice")
            else:
                settings[key] = setting(key, value)
        fields["settings"] = settings
        return len(words)

    def write(self, fields: Mapping[str, Any]) -> str:
        words = [f"{key}={setting_text(value)}" for key, value in fields["settings"].items()]
        if fields["state"] is not None:
            words.append(f"state={fields['state']}")
        if fields["ramp"]:
            words.append(f"ramp={fields['ramp']}")
        return " ".join(words)

    def suggest(self) -> Suggestions:
        return Names.SETTINGS

    @property
    def usage(self) -> str:
        return "[KEY=VALUE...] [state=carry|reset] [ramp=STEPS]"


def _target(suggestions: Names = Names.TARGETS) -> Value:
    return Value("target", any_word, suggestions=suggestions)


def _learning_rate() -> Value:
    reads = non_negative("learning rate")
    return Value("lr", reads, number_text, shape=_UNSCALED, placeholder="VALUE")


def _factor(field: str) -> Value:
    return Value(field, non_negative("factor"), number_text, before="x", placeholder="FACTOR")


def _units() -> Value:
    return Value("unit", unit, suggestions=UNITS, placeholder="|".join(UNITS))


_SINGULAR = Value(
    "unit",
    unit,
    lambda plural: plural.removesuffix("s"),
    suggestions=("epoch", "step"),
    placeholder="epoch|step",
)
_DURATION = Value("over", count(), placeholder="N")
_WARMUP = Option("warmup", count(), 0, "STEPS")


def _kind(*kinds: str) -> Choice:
    return Choice("kind", "kind", SCHEDULES, kinds)


def _join_numbers(milestones: Sequence[int]) -> str:
    return ",".join(map(str, milestones))


GROUP_SPECS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "group",
        "freeze",
        "Stop training: no gradient, no update, optimizer state untouched.",
        ("freeze conv", "freeze fc1.*"),
        (Form(Freeze, (_target(Names.PARAMETER_TARGETS),)),),
    ),
    CommandSpec(
        "group",
        "thaw",
        "Train again, with the optimizer state as it was (keep, the default) or none (reset).",
        ("thaw conv", "thaw conv reset"),
        (
            Form(Thaw, (_target(Names.PARAMETER_TARGETS),), {"state": "keep"}),
            Form(
                Thaw,
                (_target(Names.PARAMETER_TARGETS), Choice("state", "state", ("keep", "reset"))),
            ),
        ),
    ),
    CommandSpec(
        "group",
        "lr",
        "Set or scale the learning rate, or give it back to the script. At 0, weights keep their "
        "values; gradients are computed.",
        ("lr fc 0.01", "lr * x0.5", "lr fc auto"),
        (
            Form(SetLr, (_target(), _learning_rate())),
            Form(ScaleLr, (_target(), _factor("factor"))),
            Form(AutoLr, (_target(), Word("auto"))),
        ),
    ),
    CommandSpec(
        "group",
        "decay",
        "Lower the learning rate linearly to 0 from its present value.",
        ("decay conv over 10 epochs", "decay * over 500 steps"),
        (Form(Decay, (_target(), Word("over"), _DURATION, _units())),),
    ),
    CommandSpec(
        "group",
        "schedule",
        "Make the learning rate follow a schedule, from its present value.",
        (
            "schedule fc cosine to 0 over 10 epochs",
            "schedule * exponential x0.9 per epoch warmup=100",
            "schedule conv milestones x0.1 at 5,8 epochs",
        ),
        (
            Form(
                SetSchedule,
                (
                    _target(),
                    _kind("linear", "cosine", "one-cycle"),
                    Word("to"),
                    Value("value", non_negative("learning rate"), number_text, placeholder="LR"),
                    Word("over"),
                    _DURATION,
                    _units(),
                    _WARMUP,
                ),
            ),
            Form(
                SetSchedule,
                (
                    _target(),
                    _kind("exponential"),
                    _factor("value"),
                    Word("per"),
                    _SINGULAR,
                    _WARMUP,
                ),
            ),
            Form(
                SetSchedule,
                (
                    _target(),
                    _kind("milestones"),
                    _factor("value"),
                    Word("at"),
                    Value("at", counts, _join_numbers, placeholder="N,N,..."),
                    _units(),
                    _WARMUP,
                ),
            ),
        ),
    ),
    CommandSpec(
        "group",
        "clip",
        "Clip the gradients before every update: their total norm, or each value.",
        ("clip norm 1", "clip off"),
        (
            Form(
                Clip,
                (
                    Choice("by", "kind", ("norm", "value")),
                    Value("limit", non_negative("limit"), number_text),
                ),
            ),
            Form(Clip, (Word("off"),), {"by": "off"}),
        ),
    ),
    CommandSpec(
        "group",
        "optimizer",
        "Swap the optimizer of a group; the weights stay, the state is carried over or reset.",
        ("optimizer fc adam lr=0.001", "optimizer conv sgd momentum=0.9 state=reset"),
        (
            Form(
                SwapOptimizer,
                (_target(), Value("name", any_word, suggestions=Names.OPTIMIZERS), _Settings()),
            ),
        ),
    ),
    CommandSpec(
        "group",
        "group",
        "Move the parameters that match into a group; their optimizer state follows.",
        ("group head = classifier.* fc2.*",),
        (
            Form(
                Regroup,
                (
                    Value("name", any_word, suggestions=Names.GROUPS),
                    Word("="),
                    Rest("patterns", suggestions=Names.PARAMETERS, placeholder="GLOB [GLOB...]"),
                ),
            ),
        ),
    ),
)
