"""Torn and damaged event files are read, or are one clear error; memory is bounded."""

from __future__ import annotations

import random
import struct
import tracemalloc

import pytest

from tests.trackers.logs_of_others import curve, framed, log
from tuitrain.errors import TuitrainError
from tuitrain.tracking.importing.event_files import EventFormat
from tuitrain.tracking.importing.event_values import MAX_TAGS, read_values


@pytest.fixture
def whole(tmp_path):
    """An event file with 50 losses."""
    return log(tmp_path / "log", curve("loss", 1, 50))


def steps(path) -> list[int]:
    values = read_values(path, EventFormat())
    return list(values["loss"].steps) if values else []


def test_a_file_cut_anywhere_is_read_up_to_its_last_whole_record(whole):
    content = whole.read_bytes()
    known: list[int] = []
    for size in range(0, len(content), 7):
        whole.write_bytes(content[:size])
        read = steps(whole)
        assert read[: len(known)] == known
        known = read
    assert known == [*range(1, 50)]


def test_zeros_at_the_end_are_a_torn_end(whole):
    whole.write_bytes(whole.read_bytes() + b"\0" * 4096)
    assert steps(whole) == [*range(1, 51)]


def test_an_empty_file_has_no_values(whole):
    whole.write_bytes(b"")
    assert steps(whole) == []


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_file_is_read_or_one_clear_error(seed, whole):
    damage = random.Random(seed)
    content = bytearray(whole.read_bytes())
    for _ in range(damage.randint(1, 4)):
        match damage.randint(0, 3):
            case 0:
                content[damage.randrange(len(content))] ^= 1 << damage.randrange(8)
            case 1:
                del content[(at := damage.randrange(len(content))) : at + damage.randint(1, 40)]
            case 2:
                content[(at := damage.randrange(len(content))) : at] = damage.randbytes(20)
            case _:
                at = damage.randrange(len(content))
                content[at:] = damage.randbytes(len(content) - at)
    whole.write_bytes(content)
    try:
        read = steps(whole)
    except TuitrainError as error:
        assert str(whole) in str(error)
        assert "byte" in str(error)
    else:
        assert read == [*range(1, len(read) + 1)]


@pytest.mark.parametrize("seed", range(100))
def test_garbage_in_a_whole_frame_is_read_or_one_clear_error(seed, whole):
    damage = random.Random(seed)
    whole.write_bytes(b"".join(framed(damage.randbytes(damage.randint(0, 60))) for _ in range(20)))
    try:
        read_values(whole, EventFormat())
    except TuitrainError as error:
        assert str(whole) in str(error)


def test_a_promised_size_allocates_nothing(whole):
    length = struct.pack("<Q", 1 << 40)
    whole.write_bytes(length + framed(length)[12 + 8 :] + b"x" * 1000)
    format = EventFormat()
    tracemalloc.start()
    try:
        assert read_values(whole, format) == {}
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_too_many_tags_are_an_error(tmp_path):
    records = [record for n in range(MAX_TAGS + 1) for record in curve(f"tag{n}", 1, 1)]
    with pytest.raises(TuitrainError, match="more than 2000 tags"):
        read_values(log(tmp_path / "log", records), EventFormat())


def test_a_step_that_no_run_can_have_is_an_error_that_names_the_tag(tmp_path):
    with pytest.raises(TuitrainError, match="'loss' has step 1000000000000"):
        read_values(log(tmp_path / "log", curve("loss", 10**12, 10**12)), EventFormat())
