"""Cutting a record back to an earlier position; the rest is saved in other files."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from tuitrain.errors import CheckpointError

from .checkpoint_file import CHECKPOINTS, Position, read_position
from .part_file import parts_folder
from .record_reader import GROUPS, JOURNAL, METRICS


def cut_record(folder: Path, position: Position, step: int) -> None:
    """Cut a record back to a position; the former files are copied to ``NAME.before-N``.

    N is the first free number. Checkpoints after the position are renamed in the same way. The
    files are truncated in place, because the run has them open to append.

    Parameters
    ----------
    position : the end of the journal and the metrics that stay
    step : the steps taken at the position; later group metrics are cut off

    Raises
    ------
    OSError : the record cannot be cut, and is unchanged
    """
    files = [folder / name for name in (JOURNAL, METRICS, GROUPS)]
    later = [path for path in (folder / CHECKPOINTS).glob("*.npz") if _is_after(path, position)]
    later += [parts for path in later if (parts := parts_folder(path)).is_dir()]
    number = 1
    while any(_copy_path(path, number).exists() for path in [*files, *later]):
        number += 1
    contents = [path.read_bytes() for path in files]
    kept = [
        _first_lines(contents[0], position.journal),
        _first_values(contents[1], position.metrics),
        _group_metrics_until(contents[2], step),
    ]
    _copy(files, number)
    renamed: list[Path] = []
    try:
        for path in later:
            path.rename(_copy_path(path, number))
            renamed.append(path)
        for path, content in zip(files, kept, strict=True):
            _overwrite(path, content)
    except OSError:
        for path in renamed:
            _copy_path(path, number).rename(path)
        for path, content in zip(files, contents, strict=True):
            _overwrite(path, content)
        _remove_copies(files, number)
        raise


def _is_after(checkpoint: Path, position: Position) -> bool:
    """Whether a checkpoint lies after a position; True if it cannot be read."""
    try:
        at = read_position(checkpoint)
    except CheckpointError:
        return True
    return at.journal > position.journal or at.metrics > position.metrics


def _copy_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.before-{number}")


def _copy(files: list[Path], number: int) -> None:
    try:
        for path in files:
            shutil.copyfile(path, _copy_path(path, number))
    except OSError:
        _remove_copies(files, number)
        raise


def _remove_copies(files: list[Path], number: int) -> None:
    for path in files:
        _copy_path(path, number).unlink(missing_ok=True)


def _first_lines(journal: bytes, lines: int) -> bytes:
    return b"".join(journal.splitlines(keepends=True)[:lines])


def _first_values(metrics: bytes, values: int) -> bytes:
    """Return the lines with the first losses and metrics; the last line may be cut."""
    kept: list[bytes] = []
    left = values
    for line in metrics.splitlines(keepends=True):
        if not left:
            break
        record = msgspec.json.decode(line)
        losses = record.get("loss", [None])  # a metric is a single value
        if len(losses) > left:
            line = msgspec.json.encode({**record, "loss": losses[:left]}) + b"\n"  # noqa: PLW2901
        kept.append(line)
        left -= min(left, len(losses))
    return b"".join(kept)


def _group_metrics_until(groups: bytes, step: int) -> bytes:
    lines = groups.splitlines(keepends=True)
    return b"".join(line for line in lines if msgspec.json.decode(line).get("step", 0) <= step)


def _overwrite(path: Path, content: bytes) -> None:
    """Replace the content of a file in place."""
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
