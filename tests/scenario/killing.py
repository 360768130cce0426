"""Kills without processes: a run that ends within any of its writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tuitrain.records import record_writer as writing
from tuitrain.records.line_file import LineFile
from tuitrain.run.checkpoint_policy import CheckpointPolicy

OFTEN = 50
"""Steps between automatic checkpoints in these tests."""


class Killed(BaseException):
    """What no handler of the run's own may catch."""


@contextmanager
def dying_at(instant: int) -> Iterator[None]:
    """Die before, in the middle of, or after a write; instants are counted from 0."""
    left = instant
    append, write_atomic = LineFile.append, writing.write_atomic

    def live() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    def line(file: LineFile, content: bytes) -> None:
        live()
        try:
            live()
        except Killed:
            append(file, b'{"event":"loss","step":')
            raise
        append(file, content)
        live()

    def whole(path: Path, content: bytes) -> None:
        live()
        try:
            live()
        except Killed:
            path.with_name(path.name + ".partial").write_bytes(content[: len(content) // 2])
            raise
        write_atomic(path, content)
        live()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LineFile, "append", line)
        patch.setattr(writing, "write_atomic", whole)
        patch.setattr(CheckpointPolicy, "for_batch_size", often)
        yield


_of = CheckpointPolicy.for_batch_size


def often(batch_size: int) -> CheckpointPolicy:
    """Keep checkpoints more often, and write digests where they are written without."""
    return replace(_of(batch_size), cache_every=OFTEN, checkpoint_every=OFTEN)


@contextmanager
def keeping_every_auto(place: Path) -> Iterator[None]:
    """Keep a copy of each automatic checkpoint, as ``0.npz``, ``1.npz``, … in a place."""
    write_atomic = writing.write_atomic

    def whole(path: Path, content: bytes) -> None:
        write_atomic(path, content)
        if path.name == "auto.npz":
            (place / f"{len(list(place.iterdir()))}.npz").write_bytes(content)

    place.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "write_atomic", whole)
        patch.setattr(CheckpointPolicy, "for_batch_size", often)
        yield
