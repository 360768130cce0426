"""Loggers, under MegEngine's names; they are those of the standard library."""

from __future__ import annotations

import logging
from pathlib import Path

NAME = "tuitrain_core"


def get_logger(name: str | None = None) -> logging.Logger:
    """Return the logger with a name; default: that of the framework."""
    return logging.getLogger(name or NAME)


def set_log_level(level: int | str, update_existing: bool = True) -> int:  # noqa: ARG001
    """Set the level of the framework's logger, and return the one before."""
    logger = get_logger()
    before = logger.level
    logger.setLevel(level)
    return before


def set_log_file(fout: str | Path, mode: str = "a") -> None:
    """Write the framework's log to a file, too."""
    get_logger().addHandler(logging.FileHandler(fout, mode))


_warned: set[str] = set()


def warn_once(message: str) -> None:
    """Log a warning, unless it was logged before in this process."""
    if message not in _warned:
        _warned.add(message)
        get_logger().warning(message)
