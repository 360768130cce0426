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
    """Return the current settings that mean the same to the other optimizer.

    Decay and momentum are kept whenever both have them. For other settings a different default
    indicates another meaning: Adam's eps is outside of the root, Adagrad's inside.

    Parameters
    ----------
    current : the present settings
    old_defaults, new_defaults : the defaults of the replaced and of the new optimizer
    """
    return {
        key: value
        for key, value in current.items()
        if key in new_defaults
        and (key in ALWAYS_TRANSFERRED or old_defaults[key] == new_defaults[key])
    }
