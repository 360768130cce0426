"""The cached plans of a program, by key."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from .planning.updates import ParameterUpdate

T = TypeVar("T")

MAX_PLANS = 64
"""Plans that a cache keeps; each has some dozens of small arrays."""


class PlanCache(Generic[T]):
    """Plans by key. A full cache is emptied: plans are cheap, and seldom are there many.

    A key holds parameters and batch sources themselves, which are compared by identity. So they
    live as long as their plan, and no other object can take their place.
    """

    def __init__(self) -> None:
        self._plans: dict[Hashable, T] = {}

    def get(self, key: Hashable, plan: Callable[[], T]) -> T:
        """Return the plan of a key; ``plan`` makes it if there is none."""
        kept = self._plans.get(key)
        if kept is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            kept = self._plans[key] = plan()
        return kept

    def discard(self, part: object) -> None:
        """Discard the plans whose key has this part, such as a batch source."""
        for key in list(self._plans):
            if isinstance(key, tuple) and any(item is part for item in key):
                del self._plans[key]


class UpdatesKey:
    """The part of a key that a list of updates decides.

    Computed once for a list that is used in many bursts, which must not be changed meanwhile.
    """

    def __init__(self) -> None:
        self._updates: Sequence[ParameterUpdate] = ()
        self._key: Hashable = ()

    def get(self, updates: Sequence[ParameterUpdate]) -> Hashable:
        """Return the key of the plan of these updates."""
        if updates is not self._updates:
            self._updates = updates
            self._key = tuple(update.plan_key for update in updates)
        return self._key
