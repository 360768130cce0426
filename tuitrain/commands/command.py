"""The base of all commands, and how their values are printed."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

Setting: TypeAlias = float | bool | tuple[float, float]
"""A hyper-parameter's value: a number, a boolean, or a pair (Adam's betas)."""


class Command(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """The base of all commands."""

    def _take(self, **values: Any) -> None:
        """Replace fields by their checked values while the command is made."""
        for name, value in values.items():
            msgspec.structs.force_setattr(self, name, value)


def number_text(value: float) -> str:
    """Write a number in the shortest form that reads back to the same bits."""
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else repr(float(value))


def setting_text(value: Setting) -> str:
    """Write a hyper-parameter's value as it appears after ``KEY=``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(number_text(part) for part in value)
    return number_text(value)
