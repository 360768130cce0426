"""What every command is, and how its values are written."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

Setting: TypeAlias = float | bool | tuple[float, float]
"""A hyper-parameter's value: a number, yes or no, or a pair (Adam's betas)."""


class Command(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """Anything that can be asked of a run."""

    def _take(self, **values: Any) -> None:
        """Put checked values in the place of the given ones, while the command is made."""
        for name, value in values.items():
            msgspec.structs.force_setattr(self, name, value)


def number_text(value: float) -> str:
    """Write a number in the shortest form that reads back to the same bits."""
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else repr(float(value))


def setting_text(value: Setting) -> str:
    """Write a hyper-parameter's value as it stands after ``KEY=``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(number_text(part) for part in value)
    return number_text(value)
