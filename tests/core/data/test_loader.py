"""The loader: a seeded order without history, and normalised batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.errors import CoreError


def dataset(count: int = 23, height: int = 3, width: int = 5, channels: int = 1) -> Dataset:
    generator = np.random.default_rng(count)
    pixels = generator.integers(0, 256, (count, channels, height, width), "u1")
    return Dataset(pixels, np.arange(count) % 10, 10, mean=0.1307, std=0.3081)


@given(seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 10**6), count=st.integers(1, 60))
@settings(max_examples=50)
def test_an_order_is_a_permutation_that_seed_and_epoch_decide(seed, epoch, count):
    order = DataLoader(dataset(count), seed=seed).epoch_order(epoch)
    assert sorted(order.tolist()) == list(range(count))
    other = DataLoader(dataset(count), batch_size=7, seed=seed)
    other.epoch_order(epoch + 1)
    np.testing.assert_array_equal(other.epoch_order(epoch), order)


def test_orders_differ_by_seed_and_by_epoch():
    orders = [
        DataLoader(dataset(), seed=seed).epoch_order(e) for seed in range(4) for e in range(4)
    ]
    assert len({order.tobytes() for order in orders}) == 16


def test_the_order_does_not_depend_on_the_version():
    expected = [0, 2, 9, 1, 8, 5, 4, 3, 6, 7]
    assert DataLoader(dataset(10), seed=0).epoch_order(0).tolist() == expected


def test_an_order_is_read_only_and_counts_where_nothing_is_shuffled():
    order = DataLoader(dataset(), shuffle=False).epoch_order(3)
    np.testing.assert_array_equal(order, np.arange(23))
    with pytest.raises(ValueError, match="read-only"):
        order[0] = 1


@pytest.mark.parametrize(("height", "width"), [(28, 28), (1, 1), (3, 5)])
def test_a_batch_is_the_normalized_images_in_order(height, width):
    data = dataset(23, height, width)
    loader = DataLoader(data, batch_size=5, seed=3)
    for step in (0, 1, 4, 5, 13):
        images, labels = loader.batch(step)
        epoch, position = divmod(step, 5)
        rows = loader.epoch_order(epoch)[5 * position : 5 * position + 5]
        expected = (data.inputs[rows] / 255.0 - 0.1307) / 0.3081
        np.testing.assert_allclose(images, expected, rtol=0, atol=5e-7)
        np.testing.assert_array_equal(labels, data.targets[rows])
        assert (images.dtype, labels.dtype) == (np.float32, np.int32)
        assert images.shape == (len(rows), 1, height, width)


def test_epochs_follow_one_another_and_keep_the_last_batch():
    loader = DataLoader(dataset(), batch_size=5, seed=1)
    assert len(loader) == 5
    seen = [list(loader) for _ in range(3)]
    assert [len(labels) for _, labels in seen[0]] == [5, 5, 5, 5, 3]
    for epoch, batches in enumerate(seen):
        for position, (images, labels) in enumerate(batches):
            again = loader.batch(epoch * 5 + position)
            np.testing.assert_array_equal(images, again[0])
            np.testing.assert_array_equal(labels, again[1])
    assert loader.epoch == 3


def test_the_epoch_can_be_set_back():
    loader = DataLoader(dataset(), batch_size=5, seed=1)
    first = [labels.tolist() for _, labels in loader]
    loader.epoch = 0
    assert [labels.tolist() for _, labels in loader] == first


def test_the_last_batch_can_be_left_out():
    loader = DataLoader(dataset(), batch_size=5, drop_last=True)
    assert len(loader) == 4
    assert [len(labels) for _, labels in loader] == [5] * 4
    assert len(DataLoader(dataset(20), batch_size=5, drop_last=True)) == 4


def test_a_batch_can_be_written_to_the_callers_memory():
    loader = DataLoader(dataset(), batch_size=5)
    images, labels = np.full((5, 1, 3, 5), 9, "f4"), np.full(5, 9, "i4")
    assert loader.fill(4, [images], labels) == 3
    np.testing.assert_array_equal(images[:3], loader.batch(4)[0])
    assert (images[3:] == 9).all()
    assert (labels[3:] == 9).all()


def test_the_callers_memory_may_have_channels_last():
    loader = DataLoader(dataset(channels=3), batch_size=5)
    images, labels = np.full((5, 3, 5, 3), 9, "f4"), np.full(5, 9, "i4")
    loader.fill(4, [images.transpose(0, 3, 1, 2)], labels)
    expected = loader.batch(4)[0]
    assert expected.shape == (3, 3, 3, 5)
    np.testing.assert_array_equal(images[:3], expected.transpose(0, 2, 3, 1))
    assert (images[3:] == 9).all()


def test_a_batch_belongs_to_the_caller():
    loader = DataLoader(dataset(), batch_size=5)
    first, _ = loader.batch(0)
    kept = first.copy()
    loader.batch(1)
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be an integer, 1 or more, but is 0"),
        ({"batch_size": 2.0}, "batch_size must be an integer"),
        ({"seed": -1}, "seed must be an integer, 0 or more, but is -1"),
        ({"seed": True}, "seed must be an integer"),
        ({"dataset": ([1], [0])}, "a loader takes a Dataset, but was given tuple"),
        ({"batch_size": 24, "drop_last": True}, "23 samples make no whole batch of 24"),
    ],
)
def test_invalid_arguments_are_errors(arguments, message):
    with pytest.raises(CoreError, match=message):
        DataLoader(**{"dataset": dataset(), **arguments})


def test_steps_and_epochs_count_from_0():
    loader = DataLoader(dataset())
    with pytest.raises(CoreError, match="step must be an integer, 0 or more, but is -1"):
        loader.batch(-1)
    with pytest.raises(CoreError, match="epoch must be an integer"):
        loader.epoch_order(-1)


IMAGES, LABELS = np.zeros((4, 1, 3, 2), np.float32), np.zeros(4, np.int32)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES[:3], LABELS, r"for inputs must be float32, \(4, 1, 3, 2\) or longer"),
        (IMAGES[..., :1], LABELS, r"but is float32 \(4, 1, 3, 1\)"),
        (IMAGES.astype(np.float64), LABELS, "but is float64"),
        (np.broadcast_to(IMAGES, IMAGES.shape), LABELS, "for inputs is read-only"),
        (IMAGES, LABELS[:3], r"for targets must be int32, \(4,\) or longer, but is int32 \(3,\)"),
        (IMAGES, LABELS.astype(np.int64), "but is int64"),
    ],
)
def test_memory_that_a_batch_does_not_fit_is_not_written(images, labels, message):
    loader = DataLoader(Dataset(np.ones((9, 1, 3, 2), np.uint8), np.ones(9, np.int32)), 4)
    with pytest.raises(CoreError, match=message):
        loader.fill(0, [images], labels)
    assert not images.any()
    assert not labels.any()


def test_samples_are_chosen_as_numpy_chooses_elements():
    pixels = np.arange(9 * 6, dtype=np.uint8).reshape(9, 1, 3, 2)
    loader = DataLoader(Dataset(pixels, np.arange(9), mean=0.0, std=1 / 255), 4)
    for rows in ([8, 0, 8], [], np.int32([3, 1]), [-1], np.arange(9)[::2], np.arange(9) % 4 == 1):
        images, labels = loader.samples(rows)
        np.testing.assert_array_equal(labels, np.arange(9)[rows])
        np.testing.assert_allclose(images, pixels[labels], rtol=1e-6)
    for rows in ([9], [-10], [[1, 2], [3, 4]]):
        with pytest.raises(IndexError):
            loader.samples(rows)


def test_steps_epochs_and_sizes_may_be_numpys_whole_numbers():
    loader = DataLoader(dataset(), batch_size=np.int64(5), seed=np.int32(3))
    plain = DataLoader(dataset(), batch_size=5, seed=3)
    np.testing.assert_array_equal(loader.batch_indices(np.int64(7)), plain.batch_indices(7))
    np.testing.assert_array_equal(loader.epoch_order(np.int64(1)), plain.epoch_order(1))
    assert type(loader.batch_size) is int


def test_orders_are_right_when_threads_ask_for_different_epochs():
    class Asked(DataLoader):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "_last_order" and value is not None and value[0] == 0:
                self.epoch_order(1)  # as another thread may, before this one has returned

    expected = DataLoader(dataset()).epoch_order(0)
    np.testing.assert_array_equal(Asked(dataset()).epoch_order(0), expected)
