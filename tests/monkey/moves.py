"""Random input: a seeded stream of keys, mouse events, pastes and new sizes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from tuitrain.app.keys import KEYS
from tuitrain.app.keys.other_screens import (
    BATCH_KEYS,
    INSPECTION_KEYS,
    NETWORK_KEYS,
    RECORDING_KEYS,
    START_KEYS,
    WEIGHTS_KEYS,
)
from tuitrain.commands import VOCABULARY

SMALLEST: Final = (80, 24)
LARGEST: Final = (200, 60)


@dataclass(frozen=True)
class Press:
    """A key, by Textual's name or as a character."""

    key: str


@dataclass(frozen=True)
class Mouse:
    """A mouse event at a cell: ``move``, ``down``, ``up``, ``wheel_up`` or ``wheel_down``."""

    what: str
    x: int
    y: int


@dataclass(frozen=True)
class Pasted:
    text: str


@dataclass(frozen=True)
class Sized:
    columns: int
    rows: int


Move: TypeAlias = Press | Mouse | Pasted | Sized

_LEAVES: Final = ("ctrl+q", "ctrl+c", "ctrl+z")
"""Keys that end or suspend the process. (``q`` only asks; the monkey's app never leaves.)"""

_NAMED: Final = sorted(
    {
        key
        for table in (
            KEYS,
            RECORDING_KEYS,
            INSPECTION_KEYS,
            WEIGHTS_KEYS,
            NETWORK_KEYS,
            BATCH_KEYS,
            START_KEYS,
        )
        for item in table
        for key in item.keys.split(",")
    }
    - {*_LEAVES}
)
_PLAIN: Final = (
    *("escape", "enter", "up", "down", "left", "right", "tab", "shift+tab", "home", "end"),
    *("pageup", "pagedown", "backspace", "delete", "space", "ctrl+p", "f1", "f2"),
    *("ctrl+a", "ctrl+e", "ctrl+k", "ctrl+u", "ctrl+w", "shift+left", "ctrl+left"),
)
_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789.,:;*=[]{}()-+_?<>|!\"' éñ漢😀"
_TEXTS: Final = (
    [example for verb in VOCABULARY for example in verb.examples]
    + [
        "",
        "conv*",
        "[/]",
        "[b]bold",
        ":fire:",
        "x" * 300,
        "two\nlines",
        "\x1b[31m",
        "日本語",
        "nan",
    ]
    + ["lr * x0.5", "freeze *", "break when nan", "try lr * x1, x2 for 5 steps", "rewind 1", "undo"]
)


def moves(seed: int) -> Iterator[Move]:
    """Yield moves endlessly; a seed determines them."""
    chance = random.Random(seed)
    columns, rows = SMALLEST
    while True:
        kind = chance.random()
        if kind < 0.38:
            yield Press(chance.choice(_NAMED))
        elif kind < 0.66:
            yield Press(chance.choice(_PLAIN))
        elif kind < 0.74:
            yield Press(chance.choice(_CHARACTERS))
        elif kind < 0.78:
            yield from _typed(chance)
        elif kind < 0.80:
            yield from _again(chance)
        elif kind < 0.96:
            yield from _pointed(chance, columns, rows)
        elif kind < 0.98:
            yield Pasted(chance.choice(_TEXTS))
        else:
            columns = chance.randint(SMALLEST[0], LARGEST[0])
            rows = chance.randint(SMALLEST[1], LARGEST[1])
            yield Sized(columns, rows)


def _typed(chance: random.Random) -> Iterator[Move]:
    """Yield a command, typed and sent, or words in the palette."""
    yield Press(chance.choice([":", ":", "ctrl+p"]))
    yield from (Press(item) for item in chance.choice(_TEXTS)[:40] if item.isprintable())
    yield Press(chance.choice(["enter", "enter", "escape", "pagedown"]))


def _again(chance: random.Random) -> Iterator[Move]:
    """Yield one key many times, as a key that is held down."""
    key = chance.choice(
        ["escape", "enter", "pagedown", "pageup", "down", "tab", "ctrl+p", "r", "k"]
    )
    yield from [Press(key)] * chance.randint(2, 8)


def _pointed(chance: random.Random, columns: int, rows: int) -> Iterator[Move]:
    at = chance.randrange(columns), chance.randrange(rows)
    what = chance.choice(["click", "click", "move", "wheel_up", "wheel_down", "drag", "twice"])
    there = chance.randrange(columns), chance.randrange(rows)
    steps = {
        "click": [("down", at), ("up", at)],
        "twice": [("down", at), ("up", at), ("down", at), ("up", at)],
        "drag": [("down", at), ("move", there), ("up", there)],
    }
    yield from (Mouse(name, *place) for name, place in steps.get(what, [(what, at)]))
