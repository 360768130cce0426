"""Commands made in Python with any values are valid, or refused with one error."""

from __future__ import annotations

import decimal
import fractions
import math
from typing import Any, get_args

import msgspec
import numpy as np
import pytest

from tuitrain.commands import AddBreakpoint, AnyCommand, parse, to_text
from tuitrain.errors import CommandError


class Raising:
    """An object that can neither be compared nor asked whether it is true, nor printed."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value of this is ambiguous")

    def __bool__(self) -> bool:
        raise ValueError("the truth value of this is ambiguous")

    def __repr__(self) -> str:
        raise ValueError("this cannot be printed")

    __hash__ = None  # type: ignore[assignment]


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    1,
    10**12,
    10**400,
    10**5000,
    -(10**5000),
    0.0,
    -0.0,
    0.5,
    math.nan,
    math.inf,
    -math.inf,
    1e308,
    1j,
    decimal.Decimal("0.1"),
    decimal.Decimal("NaN"),
    fractions.Fraction(1, 3),
    "",
    "fc",
    "off",
    "fc; stop",
    "two words",
    "fc\n",
    "\x00",
    "\ud800",
    "x" * 5000,
    "[bold]",
    b"fc",
    bytearray(b"fc"),
    (),
    [],
    {},
    set(),
    [0.1],
    (1, 2),
    (2, 1),
    [[0.1]],
    nested(50),
    nested(5000),
    {"lr": 1},
    {"lr": np.zeros(3)},
    {1: 2},
    {"betas": (0.9, Raising())},
    np.zeros(0),
    np.zeros(1),
    np.zeros(3),
    np.array(["keep", "reset"]),
    np.array(None),
    np.float32(0.5),
    np.float64("nan"),
    np.int64(3),
    np.bool_(True),
    np.zeros((2, 2), "datetime64[s]"),
    object(),
    Raising(),
    [Raising()],
    (Raising(), Raising()),
    int,
    len,
    AddBreakpoint("nan"),
]
COMMANDS = get_args(AnyCommand)
TEXTS = """
pause; resume; step 3; speed 3; stop; freeze fc; thaw fc reset; lr fc 0.1; lr fc x2; lr fc auto
decay fc over 3 epochs
schedule fc cosine to 0 over 3 steps; schedule fc milestones x0.1 at 3,5 epochs
schedule fc exponential x0.9 per epoch; clip norm 1; clip off
optimizer fc adam lr=0.1 betas=0.8,0.9 state=carry ramp=3; group top = fc* conv*
rewind 3; rewind by 3; rewind here; checkpoint here; undo; redo; branch b1
try lr fc 0.1, x2 for 5 steps; preview freeze fc
break when nan; break when grad_norm fc > 3; break when dead units of fc > 5%
break off; break off nan; when off; when off nan
"""
RULE = "when grad_norm fc > 3 do lr fc x0.5; rewind by 3; at most 3 times"
SOUND: dict[type, list[str]] = {type(parse(RULE)): [RULE]}
for _text in TEXTS.strip().replace("\n", "; ").split("; "):
    SOUND.setdefault(type(parse(_text)), []).append(_text)


def test_every_kind_of_command_has_a_valid_example():
    assert set(SOUND) == set(COMMANDS)


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_any_value_in_any_field_makes_a_valid_command_or_an_error(kind):
    tried = 0
    for text in SOUND[kind]:
        values = msgspec.structs.asdict(parse(text))
        for field in values:
            for value in HOSTILE:
                tried += 1
                try:
                    command = kind(**{**values, field: value})
                except CommandError as error:
                    assert len(str(error)) < 600
                    continue
                assert to_text(parse(to_text(command))) == to_text(command)
    assert tried == len(HOSTILE) * sum(len(msgspec.structs.asdict(parse(t))) for t in SOUND[kind])


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        ("thaw", {"target": "fc", "state": np.zeros(2)}, "keep or reset as its state"),
        ("clip", {"by": np.array(["off", "norm"])}, "norm, value or off as its kind"),
        ("break", {"on": "nan", "group": np.zeros(2)}, "does not take group with nan"),
        ("step", {"count": 10**5000}, "takes a whole number from 1 up, but was given a value of"),
        ("preview", {"command": [1]}, "takes a command's text, but was given [1]"),
    ],
)
def test_the_error_names_the_allowed_values(kind, values, problem):
    made = next(item for item in COMMANDS if item.__struct_config__.tag == kind)
    with pytest.raises(CommandError) as error:
        made(**values)
    assert problem in str(error.value)
