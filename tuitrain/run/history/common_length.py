"""Comparing two versions of a long list that mostly differ at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def common_length(old: Sequence[Any], new: Sequence[Any]) -> int:
    """Return the number of entries at the beginning of two lists that are equal.

    Slices are compared, which takes little time for entries that are the same objects.
    """
    length, end = 0, min(len(old), len(new))
    if old[:end] == new[:end]:
        return end
    while length < end:
        middle = (length + end + 1) // 2
        if old[length:middle] == new[length:middle]:
            length = middle
        else:
            end = middle - 1
    return length
