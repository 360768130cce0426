"""Checks that the app can be shown: in a terminal, or in a browser."""

from __future__ import annotations

import os
import sys

from tuitrain.errors import TuitrainError


def is_in_browser() -> bool:
    """Return whether the app is shown by a browser, for `tuitrain serve`."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))


def check_terminal(instead: str = "tuitrain run --headless") -> None:
    """Check that there is a terminal, or a browser in its place.

    Parameters
    ----------
    instead : the command that does the same without a terminal

    Raises
    ------
    TuitrainError : input or output is not a terminal, or its encoding is not UTF-8
    """
    if is_in_browser():
        return
    streams = (sys.stdin, sys.stdout, sys.stderr)  # a stream that was closed at the start is None
    if not all(stream is not None and stream.isatty() for stream in streams):
        raise TuitrainError(f"the app needs a terminal; without one use: {instead}")
    encoding = sys.stderr.encoding
    if not encoding.lower().startswith("utf"):  # it is drawn on stderr
        raise TuitrainError(
            f"the app draws with characters that only UTF-8 has, and this terminal's encoding is "
            f"{encoding}; start it with PYTHONIOENCODING=utf-8, or use: {instead}"
        )
