"""Digests of states whose parts the ranks have: combined from those of the parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

WHOLE: Final = ""
"""The name of the digest of all parameters, buffers and optimizer state."""

SHORT_DIGITS: Final = 16
"""The hexadecimal digits of the digest of a name, as `Stateful.digests` has them."""


class RankDigests(msgspec.Struct, frozen=True, array_like=True):
    """The digests of the part of a rank.

    Attributes
    ----------
    step : the steps that the rank has taken
    by_name : the digests by name of a parameter or buffer, or that of all under `WHOLE`
    """

    step: int
    by_name: Mapping[str, str]


def combine(parts: Sequence[RankDigests], digits: int) -> dict[str, str]:
    """Return the digests of a state from those of its parts; nothing if the ranks have other steps.

    That of a name is the SHA-256 of the digests of its parts, a line each.

    Parameters
    ----------
    parts : in the order of the ranks
    digits : the hexadecimal digits of a digest that are returned, 64 at most
    """
    first = parts[0]
    if any((part.step, {*part.by_name}) != (first.step, {*first.by_name}) for part in parts):
        return {}
    return {
        name: sha256("\n".join(part.by_name[name] for part in parts).encode()).hexdigest()[:digits]
        for name in first.by_name
    }
