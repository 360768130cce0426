"""The keys: the tables that bindings, footer and help are made from."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

from .key import Key
from .navigation import NAVIGATION_KEYS
from .steering import STEERING_KEYS
from .view import VIEW_KEYS

__all__ = ["KEYS", "Key", "deck_bindings", "row_bindings"]

KEYS: Final[tuple[Key, ...]] = (*STEERING_KEYS, *VIEW_KEYS, *NAVIGATION_KEYS)
"""The keys of the main screen, in the order of footer and help."""


def deck_bindings() -> list[Binding]:
    """Return the bindings of the main screen; `keymap` may put other keys in their places."""
    return [
        key.binding(key.name) for key in KEYS if key.action and not key.action.startswith("app.")
    ]


def row_bindings() -> list[Binding]:
    """Return the bindings with which a panel's rows are gone through."""
    acts = {"up": "move(-1)", "down": "move(1)", "first": "move(-100000)", "last": "move(100000)"}
    acts |= {"half_up": "half(-1)", "half_down": "half(1)"}
    return [
        Binding(key.keys, acts[key.name], key.summary, show=False, id=key.name)
        for key in KEYS
        if key.name in acts
    ]
