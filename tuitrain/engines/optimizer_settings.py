"""Settings that an optimizer keeps when it replaces another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")

ALWAYS_TRANSFERRED = ("weight_decay", "momentum", "nesterov")


def transferable_settings(
    current: Mapping[str, Value],
    old_defaults: Mapping[str, Value],
    new_defaults: Mapping[str, Value],
) -> dict[str, Value]:
    """Return those of the current settings that mean the same to the other optimizer.

    Decay and momentum are kept whenever both have them. Of the others a different default shows
    another meaning: Adam's eps is outside of a root, Adagrad's inside.

    Parameters
    ----------
    current : the settings as they are
    before, after : the defaults of the optimizer that goes, and of the one that comes
    """
    return {
        key: value
        for key, value in current.items()
        if key in new_defaults
        and (key in ALWAYS_TRANSFERRED or old_defaults[key] == new_defaults[key])
    }
