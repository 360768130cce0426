"""The predicates that parameters have by default."""

from __future__ import annotations


def always() -> bool:
    """Return True."""
    return True


def never() -> bool:
    """Return False."""
    return False
