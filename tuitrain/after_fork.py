"""What a forked child does not share with this process: the sockets, locks and files of a run.

A loader with workers forks. The child has a copy of every object and descriptor, but only the
thread that has forked, and locks as they were: it must neither serve the run nor write its record,
and its descriptors must not keep the parent's locks and connections.
"""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from typing import Protocol


class Forked(Protocol):
    """Something that a forked child must leave to its parent."""

    def after_fork(self) -> None:
        """Leave it to the parent; called in the child."""
        ...


_OWNERS: weakref.WeakSet[Forked] = weakref.WeakSet()


def leave_to_parent(owner: Forked) -> None:
    """Call ``owner.after_fork`` in every child that this process forks from now on."""
    _OWNERS.add(owner)


def disconnect(descriptor: int) -> None:
    """Have a descriptor lead nowhere.

    It stays open, so that its owner can close it, and not another file of the same number.
    """
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(nowhere, descriptor, inheritable=False)
        os.close(nowhere)


def _leave_all() -> None:
    for owner in tuple(_OWNERS):
        owner.after_fork()
    _OWNERS.clear()


os.register_at_fork(after_in_child=_leave_all)
