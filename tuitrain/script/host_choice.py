"""The host that scripts of this process get when they call `watch`."""

from __future__ import annotations

import os
from collections.abc import Callable

from .headless_host import HeadlessHost
from .host import Host

_make_host: Callable[[], Host] = HeadlessHost


def make_host() -> Host:
    """Return the host of a script that calls `watch` now."""
    return _make_host()


def set_host(make: Callable[[], Host] = HeadlessHost) -> None:
    """Have scripts that run in this process from now on use another host."""
    global _make_host  # noqa: PLW0603 - the script calls `watch` without knowing who runs it
    _make_host = make


os.register_at_fork(after_in_child=set_host)  # the host's threads stay in the parent
