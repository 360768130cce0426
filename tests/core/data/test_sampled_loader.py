"""Samplers, and loaders of data sets by index: every epoch can be repeated."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core import data, random
from tuitrain_core.data import DataLoader, RandomSampler, ReplacementSampler, SequentialSampler
from tuitrain_core.data.dataset import ArrayDataset, ConcatDataset, Dataset
from tuitrain_core.data.transform import (
    Compose,
    RandomCrop,
    RandomHorizontalFlip,
    Transform,
    random_numbers,
)
from tuitrain_core.errors import CoreError, IndexRangeError

RNG = np.random.default_rng(0)
PICTURES = ArrayDataset(RNG.integers(0, 256, (23, 6, 6, 1), "u1"), np.arange(23))
AUGMENT = Compose([RandomCrop(6, padding_size=2), RandomHorizontalFlip()])


def content(batches):
    return [[array.tolist() for array in batch] for batch in batches]


def make_loader(workers=0, sampler=None):
    return DataLoader(
        PICTURES,
        sampler or RandomSampler(PICTURES, batch_size=5, seed=4),
        AUGMENT,
        num_workers=workers,
    )


def test_batches_do_not_depend_on_the_number_of_workers():
    expected = [content(loader) for loader in [make_loader()] * 3]
    for workers in (1, 3):
        loader = make_loader(workers)
        assert [content(loader) for _ in range(3)] == expected
    assert expected[0] != expected[1]


@pytest.mark.parametrize("kind", [RandomSampler, ReplacementSampler])
def test_an_epoch_can_be_repeated(kind):
    loader = make_loader(sampler=kind(PICTURES, batch_size=5, seed=4))
    epochs = [content(loader) for _ in range(4)]
    for epoch in (2, 0, 3, 1):
        loader.epoch = epoch
        assert content(loader) == epochs[epoch]
        assert loader.epoch == epoch + 1


def test_a_sample_that_is_taken_twice_is_transformed_twice():
    sampler = SequentialSampler(PICTURES, batch_size=8, indices=[3] * 8)
    images, labels = next(iter(make_loader(sampler=sampler)))
    assert labels.tolist() == [3] * 8
    assert len({image.tobytes() for image in images}) > 3


def test_without_a_seed_the_core_decides():
    orders = []
    for _ in range(2):
        with random.scope(random.make_generator(8)):
            orders.append([list(RandomSampler(PICTURES, 5)), list(RandomSampler(PICTURES, 5))])
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1]


def test_an_endless_loader_stops_with_its_caller():
    loader = make_loader(2, data.Infinite(RandomSampler(PICTURES, 5, drop_last=True, seed=4)))
    batches = iter(loader)
    labels = np.concatenate([next(batches)[1] for _ in range(8)])
    assert len(set(labels[:20])) == len(set(labels[20:])) == 20
    assert loader.epoch == 1


def test_an_error_in_a_worker_reaches_the_caller():
    class Broken(Dataset):
        def __getitem__(self, index):
            raise OSError("no such sample")

        def __len__(self):
            return 3

    with pytest.raises(OSError, match="no such sample"):
        list(DataLoader(Broken(), num_workers=2))


def test_a_data_set_of_ones_own_may_draw_too():
    class Noise(Dataset):
        def __getitem__(self, index):
            return random_numbers().uniform()

        def __len__(self):
            return 9

    one, two = (
        np.concatenate(list(DataLoader(Noise(), SequentialSampler(Noise(), 4), num_workers=n)))
        for n in (0, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert len(set(one)) == 9


def test_concatenated_data_sets():
    both = ConcatDataset([ArrayDataset([1, 2]), ArrayDataset([3])])
    assert [both[index] for index in (0, 1, 2, -1)] == [(1,), (2,), (3,), (3,)]
    with pytest.raises(IndexRangeError, match="sample 3 is out of range; there are 3"):
        both[3]


class Unknown(Transform):
    def apply(self, input):
        return None


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: DataLoader(PICTURES, batch_size=4), r"decides batch_size: give sampler=Random"),
        (lambda: DataLoader(PICTURES, 4), "a sampler is a Sampler, but was given 4"),
        (lambda: DataLoader(PICTURES, transform=len), "a transform is a"),
        (lambda: DataLoader(PICTURES, num_workers=0.5), "num_workers must be an integer"),
        (lambda: DataLoader([1]), "a loader takes a Dataset, but was given list"),
        (lambda: list(DataLoader(PICTURES, transform=Unknown())), "one is NoneType"),
        (lambda: RandomSampler(PICTURES, seed=-1), "seed must be an integer, 0 to 4294967295"),
        (lambda: RandomSampler(PICTURES, 0), "batch_size must be an integer, 1 or more"),
        (lambda: RandomSampler(PICTURES, 24, True), "23 samples make no whole batch of 24"),
        (lambda: RandomSampler(PICTURES, world_size=2), "the core trains in one process"),
        (lambda: RandomSampler(5), "a data set with a length, but was given 5"),
        (lambda: ReplacementSampler(PICTURES, weights=[1.0]), "weights must be 23 numbers"),
        (lambda: ReplacementSampler(PICTURES, weights=[0.0] * 23), "not all 0"),
        (lambda: data.Collator().apply([(1,), (1, 2)]), r"number of parts, but have \[1, 2\]"),
        (ArrayDataset, "at least one array, but was given none"),
    ],
)
def test_mistakes_are_named(make, text):
    with pytest.raises(CoreError, match=text):
        make()


def test_a_data_set_in_memory_has_its_own_order():
    memory = data.Dataset(np.zeros((4, 1, 2, 2), "u1"), np.arange(4))
    for arguments, options in (((SequentialSampler(memory),), {}), ((), {"transform": AUGMENT})):
        with pytest.raises(CoreError, match=r"a data set in memory takes no (sampler|transform)"):
            DataLoader(memory, *arguments, **options)
