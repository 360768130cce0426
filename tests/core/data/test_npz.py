"""NPZ files: arrays by name, and every damaged or hostile archive is one error."""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuitrain_core.data import check_npz, load_npz
from tuitrain_core.data.npz_file import read_npz_array, read_npz_headers
from tuitrain_core.errors import CoreError, DataError

X = np.arange(40, dtype=np.float64).reshape(10, 4)
Y = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 3])
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def save(folder, packed=False, **arrays):
    path = folder / "data.npz"
    (np.savez_compressed if packed else np.savez)(path, **arrays)
    return path


def member(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def archive(folder, **members: bytes):
    path = folder / "data.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("names", [("x", "y"), ("inputs", "targets"), ("images", "labels")])
def test_arrays_with_usual_names_are_divided(tmp_path, names, packed):
    train, test = load_npz(save(tmp_path, packed, **dict(zip(names, (X, Y), strict=True))))
    assert (len(train), len(test), train.classes, test.classes) == (8, 2, 4, 4)
    rows = np.concatenate([train.inputs, test.inputs])
    assert sorted(rows[:, 0]) == X[:, 0].tolist()
    assert [int(row[0]) // 4 % 3 for row in rows[:-1] if row[0] < 36] == [
        int(label)
        for row, label in zip(
            rows[:-1], np.concatenate([train.targets, test.targets]), strict=False
        )
        if row[0] < 36
    ]


@pytest.mark.parametrize("pattern", ["{}_{}", "{1}_{0}"])
def test_training_and_test_arrays_are_recognized(tmp_path, pattern):
    names = [pattern.format(n, p) for p in ("train", "test") for n in ("x", "y")]
    train, test = load_npz(save(tmp_path, **dict(zip(names, (X, Y, X[:3], Y[:3]), strict=True))))
    assert (len(train), len(test), test.classes) == (10, 3, 4)


def test_arrays_are_chosen_by_name(tmp_path):
    path = save(tmp_path, a=X, b=X.astype("f4"), c=Y / 2)
    train, _ = load_npz(path, inputs=("a", "b"), targets="c", test=0.5)
    assert (len(train), len(train.input_arrays), train.classes) == (5, 2, None)
    train, _ = load_npz(path, inputs="a", targets="none")
    assert train.targets is None


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((10, 5, 6), (1, 5, 6)), ((10, 5, 6, 3), (3, 5, 6)), ((10, 3, 5, 6), (3, 5, 6))],
)
def test_images_get_channels_and_the_statistics_of_the_training_part(tmp_path, shape, expected):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    train, test = load_npz(save(tmp_path, x=images, y=Y[:, np.newaxis]))
    assert train.inputs.shape[1:] == test.inputs.shape[1:] == expected
    assert train.targets.shape == (8,)
    np.testing.assert_allclose(train.mean, (train.inputs / 255).mean())
    np.testing.assert_allclose(train.std, (train.inputs / 255).std())
    assert test.mean == train.mean


def test_any_memory_order_and_byte_order_is_read(tmp_path):
    path = save(tmp_path, x=np.asfortranarray(X.astype(">f4")), y=Y.astype(">i2"))
    assert read_npz_array(path, "x").tolist() == X.tolist()
    header = {info.name: (str(info.dtype), info.shape) for info in read_npz_headers(path)}
    assert header == {"x": (">f4", (10, 4)), "y": (">i2", (10,))}


NUMBERS = member(X)


@pytest.mark.parametrize(
    ("members", "options", "message"),
    [
        ({"x": NUMBERS}, {}, "name it with targets=, or none"),
        ({"q": NUMBERS, "y": NUMBERS}, {}, "has no array with a usual name"),
        ({"x": NUMBERS, "y": NUMBERS}, {"inputs": "z"}, "inputs: the array 'z' is unknown"),
        ({"price": NUMBERS, "y": NUMBERS}, {"inputs": "prize"}, "did you mean 'price'?"),
        ({"x": NUMBERS, "y": member(Y[:4])}, {}, "x has 10, y has 4"),
        ({"x": NUMBERS, "y": member(np.int64(3))}, {}, "y has 0"),
        ({"x": member(X[:1]), "y": member(Y[:1])}, {}, "needs 2 samples"),
        ({"x": member(X[:0]), "y": member(Y[:0])}, {}, "need the same number of samples"),
        ({"x": member(np.full_like(X, np.inf)), "y": member(Y)}, {}, "x, y: the input must"),
        ({"x": member(np.array(["a"])), "y": member(Y)}, {}, "'x' must have numbers, but has <U1"),
        ({"x": member(np.array([1 + 1j])), "y": member(Y)}, {}, "must have numbers"),
        ({"x": b"", "y": member(Y)}, {}, "'x' has no readable header"),
        ({"x": b"\x93NUMPY\x01\x00\x04\x00{{{{", "y": member(Y)}, {}, "no readable header"),
        ({"x": NUMBERS[:-8], "y": member(Y)}, {}, "320 bytes, but 312 are there"),
        ({"x": NUMBERS + b"1", "y": member(Y)}, {}, "320 bytes, but more are there"),
        (
            {"x": NUMBERS.replace(b"(10, 4)", b"(10**9,4)"), "y": member(Y)},
            {},
            "no readable header",
        ),
        ({"x": NUMBERS, "y": NUMBERS}, {"test": 2}, "above 0 and below 1"),
        ({"x": NUMBERS, "y": member(-Y)}, {}, "labels must be 0 or more, but label"),
        ({"x_train": NUMBERS, "y_train": member(Y), "x_test": member(X[:, :2]),
          "y_test": member(Y)}, {}, "training samples are float32 (4,), but test samples float32"),
    ],
)  # fmt: skip
def test_a_bad_archive_is_one_error(tmp_path, members, options, message):
    with pytest.raises(DataError) as caught:
        load_npz(archive(tmp_path, **members), **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "above" in message or str(caught.value).startswith(str(tmp_path / "data.npz"))


def test_objects_are_not_unpickled(tmp_path):
    with pytest.raises(DataError, match="'x' must have numbers, but has object"):
        load_npz(save(tmp_path, x=np.array([{}, {}], object), y=Y))


def test_a_header_that_promises_too_much_takes_no_memory(tmp_path):
    huge = NUMBERS.replace(b"(10, 4), }        ", b"(999999, 99999), }")
    assert len(huge) == len(NUMBERS)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"has the shape \(999999, 99999\), 799"):
        load_npz(archive(tmp_path, x=huge, y=member(Y)))
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_zip_bomb_is_refused(tmp_path):
    path = archive(tmp_path, x=member(np.zeros((1 << 17, 128))), y=member(np.zeros(1 << 17)))
    tracemalloc.start()
    with pytest.raises(DataError, match="array 'x' would unpack to 13421"):
        load_npz(path)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_check_reads_the_names_only(tmp_path):
    path = archive(tmp_path, x=b"", y=b"")
    check_npz(path)
    with pytest.raises(DataError, match="'z' is unknown"):
        check_npz(path, targets="z")
    with pytest.raises(DataError, match="cannot be read: No such file"):
        check_npz(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("x")
    with pytest.raises(DataError, match="not a whole NPZ file"):
        check_npz(tmp_path / "text.npz")


@given(st.randoms(use_true_random=False))
@same_folder
def test_changed_bytes_are_read_or_one_error(tmp_path, rng: random.Random):
    path = save(tmp_path, packed=rng.random() < 0.5, x=X, y=Y)
    content = bytearray(path.read_bytes())
    for _ in range(rng.randrange(1, 4)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(content[: rng.choice([len(content), rng.randrange(len(content))])])
    try:
        load_npz(path)
    except CoreError as error:
        assert "\n" not in str(error)


def test_test_arrays_that_are_not_used_are_warned_of(tmp_path):
    path = save(tmp_path, x_train=X, y_train=Y, x_test=X)
    with pytest.warns(UserWarning, match="data.npz: x_test: not used, because the test arrays of"):
        train, test = load_npz(path)
    assert (len(train), len(test)) == (8, 2)


def test_numbers_to_predict_are_not_taken_for_class_numbers(tmp_path):
    path = save(tmp_path, x=X, y=Y * 700_000_000)
    with pytest.raises(DataError, match=r"data.npz: y: .* the largest of 10 is 2100000000; floats"):
        load_npz(path)
