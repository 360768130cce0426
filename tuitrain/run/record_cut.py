"""Cutting a record back to an earlier position; what is cut off is kept in files beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec


def keep_copies(paths: list[Path]) -> list[Path]:
    """Copy files beside themselves as ``NAME.before-N``, N being the first number that is free.

    Raises
    ------
    OSError : they cannot be copied
    """
    number = 1
    while any(_copy_of(path, number).exists() for path in paths):
        number += 1
    copies = [_copy_of(path, number) for path in paths]
    try:
        for path, copy in zip(paths, copies, strict=True):
            shutil.copyfile(path, copy)
    except OSError:
        for copy in copies:
            copy.unlink(missing_ok=True)
        raise
    return copies


def _copy_of(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.before-{number}")


def cut_journal(path: Path, lines: int) -> None:
    """Cut a journal back to its first lines.

    Raises
    ------
    OSError : it cannot be read or cut
    """
    kept = path.read_bytes().splitlines(keepends=True)[:lines]
    os.truncate(path, sum(map(len, kept)))


def cut_metrics(path: Path, values: int) -> None:
    """Cut losses and accuracies back to the first values; a line of losses may be cut in two.

    Raises
    ------
    OSError : it cannot be read, cut or written
    """
    kept, left = [], values
    for line in path.read_bytes().splitlines(keepends=True):
        if not left:
            break
        record = msgspec.json.decode(line)
        losses = record.get("loss", [None])  # an accuracy is one value
        if len(losses) > left:
            line = msgspec.json.encode({**record, "loss": losses[:left]}) + b"\n"  # noqa: PLW2901
        kept.append(line)
        left -= min(left, len(losses))
    _overwrite(path, b"".join(kept))


def cut_where(path: Path, kept: Callable[[dict[str, Any]], bool]) -> None:
    """Keep those lines of a file for which ``kept`` is true.

    Raises
    ------
    OSError : it cannot be read or written
    """
    lines = path.read_bytes().splitlines(keepends=True)
    content = b"".join(line for line in lines if kept(msgspec.json.decode(line)))
    _overwrite(path, content)


def _overwrite(path: Path, content: bytes) -> None:
    """Replace what is in a file, and not the file: the run has it open, and appends to it."""
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
