"""Data sets: what a pair of arrays must be, the digits that come along, and folders of files."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest

from tuitrain_core.data import (
    Dataset,
    find_idx_files,
    load_idx_folder,
    mnist_mini,
    read_idx,
    write_idx,
)
from tuitrain_core.errors import DataError


def images(count: int = 4) -> np.ndarray:
    return np.arange(count * 6, dtype="u1").reshape(count, 1, 2, 3)


def test_a_dataset_is_a_read_only_copy():
    pixels, labels = images(), np.array([0, 1, 2, 9])
    dataset = Dataset(pixels, labels)
    pixels[:] = 0
    assert dataset.inputs[1, 0, 0, 0] == 6
    assert (len(dataset), dataset.classes) == (4, 10)
    assert (dataset.mean, dataset.std) == (0.0, 1.0)
    assert dataset.targets.dtype == np.int32
    for array in (dataset.inputs, dataset.targets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.classes = 3  # type: ignore[misc]


def test_a_read_only_view_of_writeable_memory_is_copied():
    pixels = images()
    view = pixels[:]
    view.flags.writeable = False
    dataset = Dataset(view, np.zeros(4, int))
    pixels[:] = 0
    assert dataset.inputs.any()


def test_read_only_memory_is_shared():
    pixels = np.frombuffer(bytes(24), "u1").reshape(4, 1, 2, 3)
    assert np.shares_memory(Dataset(pixels, np.zeros(4, int)).inputs, pixels)


@pytest.mark.parametrize(
    ("pixels", "labels", "more", "message"),
    [
        (np.zeros((4, 0, 2, 2), "u1"), [0] * 4, {}, r"at least one sample and one number in it"),
        (images()[:0], np.zeros(0, int), {}, "at least one sample"),
        (np.float32(3), [0], {}, r"the input has the shape \(\)"),
        (np.array(["a", "b"]), [0, 1], {}, "the input must have numbers, not <U1"),
        (np.zeros(4, complex), [0] * 4, {}, "must have numbers, not complex128"),
        ((), [0], {}, "at least one input, but was given none"),
        ((images(), images(3)), [0] * 4, {}, "input 0 has 4 and input 1 3"),
        (np.array([[1, 2], [3, np.nan]]), [0, 1], {}, r"the number at \(1, 1\) is nan \(1 are not"),
        (
            np.array([1e39, 2]),
            [0, 1],
            {},
            r"finite float32 numbers, but the number at \(0,\) is 1e",
        ),
        (np.array([1 << 31]), [0], {}, "must fit in int32, but has the number 2147483648"),
        (images(), [0] * 3, {}, r"4 samples need 4 targets, but got int64 \(3,\)"),
        (images(), np.zeros((4, 0)), {}, r"at least one number, but the shape is \(4, 0\)"),
        (images(), [0, 1, np.inf, 2], {}, "the targets must have finite float32 numbers"),
        (images(), [0.5] * 4, {"classes": 3}, "classes needs class numbers .* are float32 numbers"),
        (images(), [0, 10, 3, -1], {"classes": 10}, r"but label 1 is 10 \(2 are out of range\)"),
        (images(), [0, -1, 3, -1], {}, r"0 or more, but label 1 is -1 \(2 are out of range\)"),
        (images(), [[0, 1], [1, 5], [0, 0], [0, 0]], {"classes": 3}, r"label \(1, 1\) is 5"),
        (images(), [0] * 4, {"mean": [1.0, 2.0]}, "one for each of 1 channels, but has 2"),
        (images(), [0] * 4, {"std": [-1.0]}, "std must be a finite number above 0, but is -1.0"),
        (images(), [0, 1, 2, 3], {"classes": 3}, "within 0 .. 2, but label 3 is 3"),
        (images(), [0] * 4, {"std": 0.0}, "std must be a finite number above 0, but is 0.0"),
        (images(), [0] * 4, {"std": float("inf")}, "std must be a finite number above 0"),
        (images(), [0] * 4, {"std": "1"}, "std must be a finite number above 0, but is '1'"),
        (images(), [0] * 4, {"mean": None}, "mean must be a finite number, but is None"),
        (images(), [0] * 4, {"classes": 0}, "classes must be an integer, 1 or more, but is 0"),
        (images(), [0] * 4, {"classes": 1.5}, "classes must be an integer"),
        (images(), [0] * 4, {"mean": float("nan")}, "mean must be a finite number, but is nan"),
        (images(), [0] * 4, {"classes": 1 << 40}, "int32, which has no room"),
    ],
)
def test_invalid_data_is_an_error(pixels, labels, more, message):
    with pytest.raises(DataError, match=message):
        Dataset(pixels, np.asarray(labels), **more)


def test_the_embedded_digits():
    train, test = mnist_mini()
    assert (train.inputs.shape, test.inputs.shape) == ((10_000, 1, 28, 28), (2_000, 1, 28, 28))
    assert train.targets[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.targets[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    for part in (train, test):
        assert np.bincount(part.targets).min() > 0.08 * len(part)
        pixels = part.inputs / 255.0
        assert pixels.mean() == pytest.approx(part.mean, abs=0.01)
        assert pixels.std() == pytest.approx(part.std, abs=0.015)
    assert mnist_mini()[0] is train


@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_folder_may_hold_the_files_under_any_of_their_names(tmp_path, separator, ending):
    for part, count in (("train", 4), ("t10k", 2)):
        write_idx(tmp_path / f"{part}-images{separator}idx3-ubyte{ending}", images(count)[:, 0])
        labels = np.arange(count, dtype="u1")
        write_idx(tmp_path / f"{part}-labels{separator}idx1-ubyte{ending}", labels)
    train, test = load_idx_folder(str(tmp_path))
    np.testing.assert_array_equal(train.inputs, images(4))
    np.testing.assert_array_equal(test.targets, [0, 1])


def test_a_folder_may_hold_color_images(tmp_path):
    pixels = np.arange(4 * 3 * 2 * 5, dtype="u1").reshape(4, 3, 2, 5)
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", pixels)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", np.arange(4, dtype="u1"))
    np.testing.assert_array_equal(load_idx_folder(tmp_path)[0].inputs, pixels)


def test_a_missing_file_names_the_expected_and_the_present_files(tmp_path):
    (tmp_path / "readme.txt").write_text("hello")
    message = (
        "looked for train-images-idx3-ubyte, train-images-idx3-ubyte.gz, "
        "train-images.idx3-ubyte, train-images.idx3-ubyte.gz; the folder holds readme.txt"
    )
    with pytest.raises(DataError, match=message):
        load_idx_folder(tmp_path)
    with pytest.raises(DataError, match="there is no such folder"):
        load_idx_folder(tmp_path / "nowhere")
    for number in range(20):
        (tmp_path / f"file{number:02}").touch()
    with pytest.raises(DataError, match="file11 and 9 more"):
        load_idx_folder(tmp_path)


def test_files_that_do_not_fit_together_are_an_error(tmp_path):
    images_path = tmp_path / "train-images-idx3-ubyte"
    write_idx(images_path, images(4)[:, 0])
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(3, "u1"))
    with pytest.raises(DataError, match="train-labels-idx1-ubyte: 4 samples need 4 targets"):
        load_idx_folder(tmp_path)
    write_idx(images_path, np.zeros(4, "u1"))
    with pytest.raises(DataError, match=r"\(N, H, W\) or \(N, C, H, W\), found shape \(4,\)"):
        load_idx_folder(tmp_path)
    assert read_idx(images_path).shape == (4,)


def test_files_are_found_without_reading(tmp_path):
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(b"no images")
        (tmp_path / f"{part}-labels.idx1-ubyte.gz").write_bytes(b"no labels")
    train, test = find_idx_files(tmp_path)
    assert [path.name for path in (*train, *test)] == [
        "train-images-idx3-ubyte",
        "train-labels.idx1-ubyte.gz",
        "t10k-images-idx3-ubyte",
        "t10k-labels.idx1-ubyte.gz",
    ]
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(DataError, match="looked for t10k-images-idx3-ubyte"):
        find_idx_files(tmp_path)


def test_numbers_that_float32_cannot_tell_apart_are_warned_of():
    columns = np.stack([np.arange(20.0), 1.7e9 + np.arange(20), np.full(20, 0.1)], axis=1)
    with pytest.warns(UserWarning, match="the input: .* column 1 apart, which are near 1700000000"):
        Dataset(columns, np.zeros(20))
    with pytest.warns(UserWarning, match="the targets: .* of column 0 apart"):
        Dataset(np.zeros((20, 1)), columns[:, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Dataset(columns[:, [0, 2]], columns[:, 0])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 1, 2_147_483_646]), "the largest of 3 is 2147483646; floats are numbers"),
        (np.array([0, 1_000_000]), "the largest of 2 is 1000000"),
        (np.array([0, -1]), "0 or more, but label 1 is -1"),
    ],
)
def test_numbers_to_predict_are_not_taken_for_class_numbers(labels, message):
    with pytest.raises(DataError, match=message):
        Dataset(np.zeros((len(labels), 2)), labels)


def test_any_number_of_classes_may_be_given():
    assert Dataset(np.zeros((2, 2)), np.array([0, 5000]), 5001).classes == 5001
    assert Dataset(np.zeros((2, 2)), np.array([0, 999])).classes == 1000
