"""Changed or forged checkpoints are detected, before memory is allocated for them."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.records.test_checkpoint_file import forge, readable, whole, written
from tests.run.test_timeline import make
from tuitrain.errors import CheckpointError, StateMismatchError
from tuitrain.records.array_file import DIGEST_MEMBER
from tuitrain.records.checkpoint_file import read_checkpoint, read_position

META = "meta.json"


def arrays_of(tmp_path: Path) -> dict[str, np.ndarray]:
    return dict(np.load(written(tmp_path)))


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def test_a_changed_element_of_any_array_is_detected(tmp_path):
    arrays = arrays_of(tmp_path)
    changed = 0
    for name, array in arrays.items():
        if name == DIGEST_MEMBER or not array.size:
            continue
        other = array.copy()
        other.reshape(-1).view(np.uint8)[-1] ^= 1
        np.savez(tmp_path / "x.npz", **{**arrays, name: other})
        with pytest.raises(CheckpointError, match=r"x\.npz is damaged"):
            read_checkpoint(tmp_path / "x.npz")
        changed += 1
    assert changed > 30


@pytest.mark.parametrize("pair", [("parameter/fc.bias", "parameter/head.bias")])
def test_exchanged_arrays_are_detected(tmp_path, pair):
    arrays = arrays_of(tmp_path)
    arrays[pair[0]], arrays[pair[1]] = arrays[pair[1]], arrays[pair[0]]
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(CheckpointError, match="does not match its digest"):
        read_checkpoint(tmp_path / "x.npz")


def test_a_checkpoint_of_an_earlier_version_has_no_digest_and_is_read(tmp_path):
    state = readable(read_checkpoint(written(tmp_path)).session)
    arrays = arrays_of(tmp_path)
    del arrays[DIGEST_MEMBER]
    np.savez(tmp_path / "x.npz", **arrays)
    assert readable(read_checkpoint(tmp_path / "x.npz").session) == state


def foreign_members(arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, bytes]]:
    """Yield a name and what is not an array of numbers, for some kinds of arrays."""
    for name in ("parameter/fc.bias", "line/0/loss", "line/0/measured", META, DIGEST_MEMBER):
        array = arrays[name]
        yield f"{name}.npy", b"raw bytes"
        yield f"{name}.npy", b""
        yield f"{name}.npy", npy(array)[:-1]
        yield f"{name}.npy", npy(array) + b"more"
        yield f"{name}.npy", npy(array).replace(b"'shape': (", b"'shape': (9")
        yield f"{name}.npy", npy(array).replace(b"'shape': (", b"'shape': (-")
        yield f"{name}.npy", npy(np.array(["text"]))
        yield f"{name}.npy", npy(np.zeros(array.shape, np.complex64))
        yield f"{name}.npy", npy(np.zeros(3, [("a", np.float32), ("b", np.int8)]))
        yield f"{name}.npy", npy(np.zeros(3, "datetime64[s]"))
        yield name, npy(array)


def test_members_of_another_kind_are_one_error(tmp_path):
    arrays = arrays_of(tmp_path)
    tried = 0
    for name, content in foreign_members(arrays):
        with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
            for item, array in arrays.items():
                if item != name.removesuffix(".npy"):
                    archive.writestr(f"{item}.npy", npy(array))
            archive.writestr(name, content)
        with pytest.raises(CheckpointError, match=r"x\.npz is damaged"):
            read_checkpoint(tmp_path / "x.npz")
        tried += 1
    assert tried == 55


@pytest.mark.parametrize(
    "other",
    [
        np.zeros(1, np.float32),
        np.zeros((2, 3, 4), np.float32),
        np.zeros((), np.float32),
        np.zeros(0, np.float32),
        np.zeros(10, np.float64),
        np.zeros(10, ">f4"),
        np.zeros(10, np.int32),
        np.zeros(10, bool),
    ],
    ids=lambda item: f"{item.dtype.str}{item.shape}",
)
def test_arrays_of_another_type_or_shape_do_not_fit_the_model(tmp_path, other):
    arrays = arrays_of(tmp_path)
    session, tried = make(), 0
    before = session.engine.digest()
    for name in arrays:
        if name in (META, DIGEST_MEMBER):
            continue
        forge(tmp_path / "x.npz", {**arrays, name: other})
        if (other.shape, other.dtype) == (arrays[name].shape, arrays[name].dtype):
            continue
        with pytest.raises((CheckpointError, StateMismatchError)):
            session.restore(read_checkpoint(tmp_path / "x.npz").session)
        assert session.engine.digest() == before
        tried += 1
    assert tried > 20


BIG = 64 << 20


def memory_taken_to_refuse(path: Path, problem: str) -> int:
    """Return the bytes that were held at once while a checkpoint was refused."""
    tracemalloc.start()
    try:
        for read in (read_position, read_checkpoint):
            with pytest.raises(CheckpointError, match=problem):
                read(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["parameter/fc.bias", META])
def test_a_deflated_array_is_refused_before_it_is_read(tmp_path, name):
    arrays = arrays_of(tmp_path)
    arrays[name] = np.zeros(BIG, np.uint8)
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    assert (tmp_path / "x.npz").stat().st_size < BIG // 50
    assert memory_taken_to_refuse(tmp_path / "x.npz", "is compressed") < BIG // 8


def test_a_member_larger_than_the_file_is_refused_before_it_is_read(tmp_path):
    local = whole().index(b"PK\x01\x02")  # the first entry of the directory
    forged = bytearray(whole())
    for at in (20, 24):  # its sizes, compressed and not
        forged[local + at : local + at + 4] = (BIG).to_bytes(4, "little")
    (tmp_path / "x.npz").write_bytes(forged)
    assert memory_taken_to_refuse(tmp_path / "x.npz", "its arrays promise") < BIG // 8
