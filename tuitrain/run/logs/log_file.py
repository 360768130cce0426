"""Reading the captured output of a recorded run."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Final

from .log_capture import MAX_LINES, LogLine, LogSnapshot

MAX_BYTES: Final = 1 << 22
"""Bytes at the end of the file that are read: `MAX_LINES` of usual length, several times over."""


def read_log(path: Path) -> LogSnapshot:
    """Return the newest lines of the captured output of a run; no lines if there is no file.

    Lines that another program has written there have step 0.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = file.seek(max(0, size - MAX_BYTES))
            content = file.read(MAX_BYTES)
    except FileNotFoundError:
        return LogSnapshot()
    except OSError as error:
        return LogSnapshot(problem=f"{path}: {error.strerror}")
    texts = content.decode(errors="replace").split("\n")
    texts = texts[:-1] if not texts[-1] else texts
    lines = deque(map(_read_line, texts[1:] if start else texts), MAX_LINES)
    return LogSnapshot(tuple(lines), len(lines), str(path))


def _read_line(text: str) -> LogLine:
    step, _, rest = text.partition("\t")
    level, tab, message = rest.partition("\t")
    if not tab or not (step.isascii() and step.isdigit() and len(step) <= 15):
        return LogLine(0, "out", text)
    return LogLine(int(step), level, message)
