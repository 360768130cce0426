"""MNIST and CIFAR-10 by index, from files in a folder."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core.data import write_idx
from tuitrain_core.data.dataset import CIFAR10, MNIST, read_cifar10
from tuitrain_core.errors import DataError


def test_mnist(tmp_path):
    rng = np.random.default_rng(0)
    for part, count in (("train", 3), ("t10k", 2)):
        images = rng.integers(0, 256, (count, 28, 28), "u1")
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", np.arange(count, dtype="u1"))
    test = MNIST(tmp_path, train=False, download=False)
    assert (len(MNIST(tmp_path)), len(test)) == (3, 2)
    image, label = test[1]
    assert (image.shape, image.dtype, label, label.dtype) == ((28, 28, 1), "u1", 1, "i4")
    np.testing.assert_array_equal(image[..., 0], images[1])


def write_cifar(folder, names):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    records = rng.integers(0, 10, (2 * len(names), 3073), "u1")
    for place, name in enumerate(names):
        (folder / name).write_bytes(records[2 * place : 2 * place + 2].tobytes())
    return records


def test_cifar(tmp_path):
    records = write_cifar(tmp_path, [f"data_batch_{n}.bin" for n in range(1, 6)])
    train = CIFAR10(tmp_path)
    image, label = train[7]
    assert (len(train), image.shape, image.dtype, label) == (10, (32, 32, 3), "u1", records[7, 0])
    red, green, blue = records[7, 1:].reshape(3, 32, 32)
    np.testing.assert_array_equal(image, np.stack([blue, green, red], axis=2))
    images, labels = read_cifar10(tmp_path)
    np.testing.assert_array_equal(images[7], [red, green, blue])
    assert labels.dtype == np.int32
    write_cifar(tmp_path / "cifar-10-batches-bin", ["test_batch.bin"])
    assert len(CIFAR10(tmp_path, train=False)) == 2


@pytest.mark.parametrize(
    "name",
    ["test_batch", "cifar-10-batches-py/test_batch", "cifar-10-python.tar.gz"],
)
def test_pickled_batches_are_refused(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"is pickled, .*; use the binary .*cifar-10-binary.tar.gz"):
        CIFAR10(tmp_path, train=False)


def test_files_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(DataError, match="CIFAR10 needs the folder of its files as root"):
        CIFAR10()
    with pytest.raises(DataError, match=r"looked for test_batch\.bin"):
        CIFAR10(tmp_path, train=False)
    (tmp_path / "test_batch.bin").write_bytes(bytes(100))
    with pytest.raises(DataError, match="records of 3073 bytes, found 100 bytes"):
        CIFAR10(tmp_path, train=False)
    (tmp_path / "test_batch.bin").write_bytes(bytes([10]) * 3073)
    with pytest.raises(DataError, match="labels must be 0 to 9, but one is 10"):
        CIFAR10(tmp_path, train=False)
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((2, 1, 3, 3), "u1"))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(2, "u1"))
    write_idx(tmp_path / "t10k-images-idx3-ubyte", np.zeros((2, 3, 3), "u1"))
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", np.zeros(2, "u1"))
    with pytest.raises(DataError, match=r"expected pictures \(N, H, W\)"):
        MNIST(tmp_path)
