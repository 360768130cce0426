"""The executor: carries out a plan, native calls in one go, Python work in between."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from .memory import address
from .plan import Call, Moving, Plan, Work

_ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Executable:
    """A plan that can be run.

    Attributes
    ----------
    native : whether there is no Python work in it, so that many steps may be run in one call
    """

    def __init__(self, plan: Plan) -> None:
        self._parts: list[_Native | _Python] = []
        for native, actions in groupby(plan.actions, lambda each: isinstance(each, Call)):
            kind = _Native if native else _Python
            self._parts.append(kind(list(actions)))
        self.native = all(isinstance(each, _Native) for each in self._parts)

    def run(self) -> None:
        """Carry the plan out once."""
        for part in self._parts:
            part.run()


class _Python:
    def __init__(self, work: Sequence[Work]) -> None:
        self._work = work

    def run(self) -> None:
        for each in self._work:
            each()


class _Native:
    def __init__(self, calls: Sequence[Call]) -> None:
        self._keep = calls
        self._blocks = [_block(call) for call in calls]
        self._entries = [_ENTRY(call.address) for call in calls]

    def run(self) -> None:
        for entry, block in zip(self._entries, self._blocks, strict=True):
            entry(address(block))


def _block(call: Call) -> np.ndarray:
    """Lay out the arguments of a call: addresses and numbers, and the whole range of its work."""
    given = [
        each.start if isinstance(each, Moving) else address(each) if not isinstance(each, int) else each
        for each in call.arguments
    ]
    return np.array([*given, 0, call.total], np.int64)
