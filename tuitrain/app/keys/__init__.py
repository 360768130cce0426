"""The key tables: bindings, footer, help and palette are made from them."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

from .key import Key
from .navigation import NAVIGATION_KEYS
from .steering import STEERING_KEYS
from .view import VIEW_KEYS

__all__ = ["KEYS", "Key", "row_bindings"]

KEYS: Final[tuple[Key, ...]] = (*STEERING_KEYS, *VIEW_KEYS, *NAVIGATION_KEYS)
"""The keys of the main screen, in the order of footer and help."""


def row_bindings() -> list[Binding]:
    """Return the bindings that move a panel's cursor through its rows."""
    actions = {
        "up": "move(-1)",
        "down": "move(1)",
        "first": "move(-100000)",
        "last": "move(100000)",
    }
    actions |= {"half_up": "half(-1)", "half_down": "half(1)"}
    return [
        Binding(key.keys, actions[key.name], key.summary, show=False, id=key.name)
        for key in KEYS
        if key.name in actions
    ]
