"""Lists that grow at their end and may lose their beginning, as differences: the journal, the log.

Equal texts at equal places are compared, which costs little where the entries are the same objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from .errors import RemoteDataError


class Window(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A list that begins with a part of an earlier one.

    Attributes
    ----------
    first : the index of the first entry that is kept of the earlier list
    keep : the number of entries that are kept
    added : the entries after these, as msgpack
    """

    first: int
    keep: int
    added: msgspec.Raw


def overlap(old: Sequence[Any], new: Sequence[Any], dropped: int) -> tuple[int, int]:
    """Return the first index and the length of the part of a list with which another begins.

    Parameters
    ----------
    dropped : the number of entries at the beginning of ``old`` that ``new`` may lack
    """
    if not 0 <= dropped < len(old):
        return 0, 0
    rest = old[dropped:]
    return (dropped, len(rest)) if new[: len(rest)] == rest else (0, 0)


def apply_window(old: tuple[Any, ...], window: Window, added: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the list for a window on an earlier one.

    Raises
    ------
    RemoteDataError : the earlier list does not have the entries that are kept
    """
    first, end = window.first, window.first + window.keep
    if first < 0 or end < first or end > len(old):
        raise RemoteDataError(
            f"a list continues entries {first} to {end} of one that has {len(old)} here"
        )
    return (*old[first:end], *added)
