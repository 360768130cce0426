"""Transforms of a data set in memory: drawn by seed, epoch and sample, and for training only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tuitrain_core.data import DataLoader, Dataset
from tuitrain_core.data.transform import (
    CenterCrop,
    Compose,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    RandomNumbers,
    ToMode,
    Transform,
    random_numbers,
    sample_scope,
)
from tuitrain_core.errors import CoreError

RNG = np.random.default_rng(2)
PIXELS = RNG.integers(0, 256, (11, 3, 4, 6), "u1")
TARGETS = np.arange(11)
AUGMENT = Compose([RandomCrop((4, 6), padding_size=2), RandomHorizontalFlip()])


class Keep(Transform):
    def apply(self, input):
        return input


class Drop(Transform):
    """Replaces tokens or features by 0."""

    def apply(self, input):
        return np.where(np.arange(len(input)) == random_numbers().integer(0, len(input)), 0, input)


DATASETS = {
    "pixels": Dataset(PIXELS, TARGETS, mean=(0.1, 0.2, 0.3), std=0.5),
    "many channels": Dataset(PIXELS.reshape(11, 24, 3, 1), TARGETS, mean=[0.5] * 24),
    "floats": Dataset(PIXELS / np.float32(7), TARGETS, mean=3.0, std=2.0),
    "plain floats": Dataset(PIXELS[:, 0, 0] / np.float32(7), TARGETS),
    "tokens": Dataset(PIXELS[:, 0, 0].astype(int), TARGETS),
    "several": Dataset((PIXELS, TARGETS.astype(np.float32)[:, None]), None),
}


@pytest.mark.parametrize("name", DATASETS)
def test_a_transform_that_changes_nothing_leaves_the_bits(name):
    plain = DataLoader(DATASETS[name], 4, seed=3)
    kept = DataLoader(replace(DATASETS[name], transform=Keep()), 4, seed=3)
    assert kept.augments
    for step in (0, 2, 5):
        for one, other in zip(plain.batch(step), kept.batch(step), strict=True):
            ones, others = (x if isinstance(x, tuple) else (x,) for x in (one, other))
            for array, same in zip(ones, others, strict=True):
                assert (array.dtype, array.tobytes()) == (same.dtype, same.tobytes())


def test_a_batch_has_each_sample_transformed_with_its_own_numbers():
    data = replace(DATASETS["pixels"], transform=AUGMENT)
    loader = DataLoader(data, 4, seed=9)
    steps = [7, 0, 3, 7, 1]
    batches = [loader.batch(step)[0] for step in steps]
    for step, batch in zip(steps, batches, strict=True):
        for row, sample in zip(loader.batch_indices(step), batch, strict=True):
            with sample_scope(RandomNumbers(9, step // 3, int(row))):
                pixels = AUGMENT.apply(PIXELS[row].transpose(1, 2, 0)).transpose(2, 0, 1)
            expected = (pixels / 255 - np.reshape([0.1, 0.2, 0.3], (3, 1, 1))) / 0.5
            np.testing.assert_allclose(sample, expected, atol=1e-6)
    np.testing.assert_array_equal(batches[0], batches[3])
    again = DataLoader(data, 4, seed=9)
    again.epoch = 2
    np.testing.assert_array_equal(list(again)[1][0], batches[0])


def test_filling_memory_gives_the_batch():
    loader = DataLoader(replace(DATASETS["pixels"], transform=AUGMENT), 4, seed=9)
    for memory in (
        np.zeros((5, 3, 4, 6), np.float32),
        np.zeros((5, 4, 6, 3), np.float32).transpose(0, 3, 1, 2),
    ):
        targets = np.zeros(5, np.int32)
        assert loader.fill(5, [memory], targets) == 3
        inputs, expected = loader.batch(5)
        np.testing.assert_array_equal(memory[:3], inputs)
        np.testing.assert_array_equal(targets[:3], expected)
        assert not memory[3:].any()


def test_evaluation_does_not_transform():
    data = replace(DATASETS["pixels"], transform=AUGMENT)
    plain = DataLoader(DATASETS["pixels"], 4, shuffle=False)
    loaders = DataLoader(data, 4, shuffle=False), DataLoader(data, 4, augment=False)
    assert [loader.augments for loader in loaders] == [False, False]
    assert DataLoader(data, 4, shuffle=False, augment=True).augments
    np.testing.assert_array_equal(loaders[0].batch(0)[0], plain.batch(0)[0])
    rows = np.arange(5)
    np.testing.assert_array_equal(DataLoader(data).samples(rows)[0], plain.samples(rows)[0])


def test_bytes_may_become_floats_and_tokens_stay_whole():
    data = replace(DATASETS["pixels"], transform=Normalize(0, 2))
    batch = DataLoader(data, 4).batch(0)[0]
    expected = DataLoader(DATASETS["pixels"], 4).batch(0)[0]
    shift = np.reshape([0.1, 0.2, 0.3], (3, 1, 1)) / 0.5
    np.testing.assert_allclose(batch, (expected + shift) / 2 - shift, atol=1e-5)
    tokens = DataLoader(replace(DATASETS["tokens"], transform=Drop()), 4).batch(0)[0]
    assert tokens.dtype == np.int32
    features = DataLoader(replace(DATASETS["plain floats"], transform=Drop()), 4).batch(0)[0]
    assert features.dtype == np.float32


class Wrong(Transform):
    def __init__(self, result):
        self.result = result

    def apply(self, input):
        return self.result


@pytest.mark.parametrize(
    ("name", "transform", "text"),
    [
        ("pixels", len, "a transform is a tuitrain_core.data.transform.Transform"),
        (
            "pixels",
            CenterCrop(2),
            r"keeps the shape of a sample, \(4, 6, 3\), .* gives \(2, 2, 3\)",
        ),
        ("pixels", ToMode(), r"gives \(3, 4, 6\)"),
        ("pixels", Wrong(None), "gives NoneType"),
        (
            "tokens",
            Wrong(np.zeros(6)),
            "a transform of int32 samples keeps them, but gives float64",
        ),
        ("pixels", Wrong(np.zeros((4, 6, 3), int)), "of uint8 samples keeps them, but gives int64"),
    ],
)
def test_a_transform_that_does_not_fit_is_refused_with_the_data(name, transform, text):
    with pytest.raises(CoreError, match=text):
        replace(DATASETS[name], transform=transform)
