"""The IDX reader: every element type goes around, and every malformed file is one clear error."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tuitrain_core.data import read_idx, write_idx
from tuitrain_core.errors import DataError

DTYPES = ["u1", "i1", "i2", "i4", "f4", "f8"]
CODES = dict(zip(DTYPES, (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E), strict=True))
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def header(code: int, *shape: int) -> bytes:
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


@pytest.mark.parametrize("name", ["a-idx", "a-idx.gz"])
@given(dtype=st.sampled_from(DTYPES), data=st.data())
@same_folder
def test_a_written_array_is_read_back(tmp_path, name, dtype, data):
    shape = arrays.array_shapes(max_dims=4, max_side=5)
    array = data.draw(arrays.arrays(np.dtype(dtype), shape))
    write_idx(tmp_path / name, array)
    loaded = read_idx(tmp_path / name)
    assert (loaded.dtype, loaded.shape) == (np.dtype(dtype), array.shape)
    assert loaded.tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bytes_are_those_of_the_format(tmp_path, dtype):
    write_idx(tmp_path / "a", np.array([[1, 2, 3]], dtype))
    values = np.array([1, 2, 3], np.dtype(dtype).newbyteorder(">")).tobytes()
    assert (tmp_path / "a").read_bytes() == header(CODES[dtype], 1, 3) + values


def test_any_memory_order_is_written_alike(tmp_path):
    array = np.arange(12, dtype=">i4").reshape(3, 4)
    for name, variant in (
        ("a", array),
        ("b", np.asfortranarray(array)),
        ("c", array.astype("<i4")),
    ):
        write_idx(tmp_path / name, variant)
    assert len({(tmp_path / name).read_bytes() for name in "abc"}) == 1


def test_the_compressed_bytes_hold_neither_name_nor_time(tmp_path):
    for name in ("a.gz", "another.gz"):
        write_idx(tmp_path / name, np.arange(100, dtype="u1"))
    first = (tmp_path / "a.gz").read_bytes()
    assert first == (tmp_path / "another.gz").read_bytes()
    assert first[3] == 0  # no flags: no name
    assert first[4:8] == bytes(4)  # no time


def test_gzip_is_recognized_by_content_not_by_name(tmp_path):
    write_idx(tmp_path / "a.gz", np.arange(5, dtype="u1"))
    (tmp_path / "a.gz").rename(tmp_path / "a")
    np.testing.assert_array_equal(read_idx(str(tmp_path / "a")), np.arange(5))


WHOLE = header(0x08, 2, 3) + bytes(range(6))
MALFORMED = [
    (b"", "it begins with b'', expected two zeros"),
    (b"\0\0\x08", "not an IDX file"),
    (b"PK\x03\x04" + bytes(20), r"not an IDX file: it begins with b'PK"),
    (header(0x0A, 2) + b"12", "unknown element type 0x0a, expected one of 0x08 uint8, 0x09"),
    (header(0x08), "0 axes, expected 1 to 8"),
    (header(0x08, *[1] * 9) + b"1", "9 axes, expected 1 to 8"),
    (WHOLE[:9], "truncated in the header: 2 axes need 8 bytes"),
    (header(0x08, 2, 0), r"shape \(2, 0\) has an empty axis"),
    (WHOLE + b"7", r"more bytes follow after the 6 of shape \(2, 3\)"),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("content", "message"), MALFORMED)
def test_malformed_files_have_distinct_errors(tmp_path, content, message, packed):
    path = tmp_path / "digits"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_a_truncated_file_reports_the_missing_bytes(tmp_path):
    path = tmp_path / "digits"
    path.write_bytes(gzip.compress(WHOLE[:-2]))
    with pytest.raises(DataError, match=r"truncated: shape \(2, 3\) needs 6 bytes, found 4"):
        read_idx(path)
    path.write_bytes(header(0x0E, 3) + bytes(20))
    with pytest.raises(DataError, match=r"truncated: shape \(3,\) needs 24 bytes, found 20"):
        read_idx(path)


def test_every_cut_of_a_compressed_file_is_an_error(tmp_path):
    path, whole = tmp_path / "digits", gzip.compress(WHOLE, mtime=0)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            read_idx(path)


def test_damage_inside_a_compressed_file_is_found(tmp_path):
    path, whole = tmp_path / "digits", bytearray(gzip.compress(WHOLE * 3, mtime=0))
    whole[-6] ^= 1
    path.write_bytes(whole)
    with pytest.raises(DataError, match="digits"):
        read_idx(path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(1 << 31, 1 << 31), (4_000_000_000,) * 8, (1_000_000, 28, 28)])
def test_absurd_sizes_take_no_memory(tmp_path, shape, packed):
    path, content = tmp_path / "digits", header(0x08, *shape) + bytes(50)
    path.write_bytes(gzip.compress(content) if packed else content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="the header promises shape"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_file_that_would_unpack_to_a_hundred_times_its_size_takes_no_memory(tmp_path):
    path, size = tmp_path / "digits.gz", 96 << 20
    with gzip.GzipFile(path, "wb", compresslevel=1) as file:
        file.write(header(0x08, size))
        for _ in range(96):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="from a file of this size 67108864 are read at most"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_an_impossible_path_is_an_error():
    for path in ("a\0b", "x" * 5000):
        with pytest.raises(DataError, match="cannot be read"):
            read_idx(path)


@given(st.binary(max_size=60))
@same_folder
def test_random_bytes_give_an_array_or_one_kind_of_error(tmp_path, content):
    read_or_refuse(tmp_path / "digits", content)


@given(st.binary(max_size=40), st.sampled_from(list(CODES.values())), st.integers(0, 255))
@same_folder
def test_random_bytes_after_a_good_start_too(tmp_path, content, code, axes):
    start = bytes([0, 0, code, axes])
    read_or_refuse(tmp_path / "digits", start + content)
    read_or_refuse(tmp_path / "digits", gzip.compress(start + content))


@given(st.binary(max_size=40))
@same_folder
def test_random_bytes_after_a_gzip_start_too(tmp_path, content):
    read_or_refuse(tmp_path / "digits", b"\x1f\x8b" + content)
    read_or_refuse(tmp_path / "digits", b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + content)


@given(st.integers(0, 60), st.integers(0, 255))
@same_folder
def test_one_changed_byte_in_a_compressed_file_too(tmp_path, place, value):
    whole = bytearray(gzip.compress(WHOLE, mtime=0))
    whole[place % len(whole)] = value
    read_or_refuse(tmp_path / "digits", bytes(whole))


def read_or_refuse(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        assert read_idx(path).size > 0
    except DataError as error:
        assert str(path) in str(error)


def test_a_path_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="nowhere: cannot be read: No such file"):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_idx(tmp_path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3, "i8"), "but the array is int64"),
        (np.zeros((0, 3), "u1"), r"none empty; not \(0, 3\)"),
        (np.array(1, "u1"), "1 to 8 axes"),
    ],
)
def test_an_array_without_an_idx_form_is_not_written(tmp_path, array, message):
    with pytest.raises(DataError, match=message):
        write_idx(tmp_path / "a", array)
    assert not (tmp_path / "a").exists()
