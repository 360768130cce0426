"""States of which each process has a part: what the part of rank 0 says of the others."""

from __future__ import annotations

from typing import Any, Final, TypeGuard, cast

from ...state import EngineState

PARTS: Final = "parts"
"""The entry of a state's ``random`` where parameters are sharded.

It has the number of ranks, and the number of the parts in memory or the place of their files.
"""

Entry = dict[str, Any]
"""The entry, as plain values."""


def is_of_parts(entry: object) -> TypeGuard[Entry]:
    """Whether a value is the entry `PARTS` of a state."""
    if not isinstance(entry, dict):
        return False
    values = cast("Entry", entry)
    has_place = isinstance(values.get("number"), int) or isinstance(values.get("place"), str)
    return has_place and isinstance(values.get("ranks"), int)


def count_parts(state: EngineState) -> int:
    """Return the number of ranks that have a part of a state each; 0 for a state that is whole."""
    entry = state.random.get(PARTS)
    return entry["ranks"] if is_of_parts(entry) else 0
