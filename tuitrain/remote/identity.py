"""The name of this machine's user, for the journal and other viewers."""

from __future__ import annotations

import platform
import re
from typing import Final

from .wire.messages import MAX_NAME

_MAX_HOST: Final = 24
"""Maximum number of characters of a machine's name: a viewer's name has the user, too."""


def viewer_name() -> str:
    """Return the short name of this machine: ``laptop``."""
    host = platform.node().partition(".")[0]
    return re.sub(r"[^\w-]", "-", host, flags=re.ASCII)[: min(_MAX_HOST, MAX_NAME)] or "here"
