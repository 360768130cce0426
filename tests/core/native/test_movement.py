"""Kernels on rows, compared with NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from fenced_memory import UNTOUCHED, between, empty_rows, fenced

from tuitrain_core.native.elementwise import activation, arithmetic, movement
from tuitrain_core.native.runtime import batch_gather
from tuitrain_core.native.runtime.library import run

SIZES = [1, 3, 15, 16, 17, 33]


def rows(features: int, pitch: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return memory with guards between the rows, and a view of the rows."""
    memory = np.full((4, pitch), 7.0, np.float32)
    view = memory[:, :features]
    view[...] = np.random.default_rng(seed).standard_normal(view.shape)
    return memory, view


@pytest.mark.parametrize("features", SIZES)
@pytest.mark.parametrize("gap", [0, 5])
class TestRows:
    def test_the_gradient_of_relu(self, features: int, gap: int) -> None:
        y_memory, y = rows(features, features + gap, 1)
        memory, d = rows(features, features + gap, 2)
        d[2, 0] = np.nan
        expected = d * (y > 0.0)
        run(activation.relu_gradient(features, features + gap), y_memory, memory, 0, 4)
        np.testing.assert_array_equal(d, expected)
        assert (memory[:, features:] == 7.0).all()

    def test_sums(self, features: int, gap: int) -> None:
        pitch = features + gap
        (a_memory, a), (b_memory, b), (memory, y) = (rows(features, pitch, i) for i in range(3))
        memory[...] = a_memory
        run(arithmetic.accumulate(features, pitch), memory, b_memory, 0, 4)
        np.testing.assert_array_equal(y, a + b)
        assert (memory[:, features:] == 7.0).all()

    def test_copies(self, features: int, gap: int) -> None:
        _, x = rows(features, features, 1)
        memory, y = rows(features, features + gap, 2)
        run(movement.copy(features, features, features + gap), x, memory, 0, 4)
        np.testing.assert_array_equal(y, x)
        assert (memory[:, features:] == 7.0).all()


@pytest.mark.usefixtures("cpu")
@pytest.mark.parametrize(
    ("pixels", "channels"), [(1, 1), (25, 16), (6, 3), (3, 17), (16, 16), (35, 1), (1, 9), (40, 37)]
)
def test_between_planes_and_pixels(pixels: int, channels: int) -> None:
    draw = np.random.default_rng(0)
    x = draw.standard_normal((4, pixels, channels)).astype(np.float32)
    x[1, pixels // 2, channels // 2], x[2, -1, -1] = np.nan, np.inf
    size = pixels * channels
    memory, y = empty_rows(4, size, size + 3)
    run(movement.to_planar(pixels, channels, size + 3), fenced(x), memory, 0, 1)
    assert (y[1:] == UNTOUCHED).all()
    run(movement.to_planar(pixels, channels, size + 3), fenced(x), memory, 1, 4)
    np.testing.assert_array_equal(y.reshape(4, channels, pixels), x.transpose(0, 2, 1))
    back = fenced(np.zeros_like(x))
    run(movement.from_planar(pixels, channels, size + 3), memory, back, 0, 4)
    np.testing.assert_array_equal(back, x)
    assert (between(memory, 4, size, size + 3) == UNTOUCHED).all()


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(("channels", "pixels"), [(1, 784), (1, 7), (3, 35), (2, 16)])
def test_bytes_are_gathered_and_scaled_like_in_numpy(channels, pixels, channels_last) -> None:
    draw, size = np.random.default_rng(0), channels * pixels
    data = draw.integers(0, 256, (9, channels, pixels), dtype=np.uint8)
    order = np.array([8, 0, 3, 3, 7], np.int64)
    scales = (np.float32(1 / 78.5), np.float32(0.25), np.float32(3.0))[:channels]
    shifts = (np.float32(0.42), np.float32(0.0), np.float32(-1.5))[:channels]
    batch, memory = empty_rows(5, size, size + 3)
    options = (channels, pixels), size + 3, channels_last
    kernel = batch_gather.gather_bytes(
        *options, tuple(map(float, scales)), tuple(map(float, shifts))
    )
    run(kernel, data, order, batch, 0, 2)
    run(kernel, data, order, batch, 2, 5)
    per_channel = (np.array(numbers)[:, np.newaxis] for numbers in (scales, shifts))
    scale, shift = per_channel
    expected = data[order].astype(np.float32) * scale - shift
    if channels_last:
        expected = expected.transpose(0, 2, 1)
    np.testing.assert_array_equal(memory.view(np.int32), expected.reshape(5, -1).view(np.int32))
    assert (between(batch, 5, size, size + 3) == UNTOUCHED).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(("channels", "pixels"), [(1, 1), (1, 2), (1, 401), (3, 35), (40, 16)])
def test_words_are_gathered_bit_for_bit(channels, pixels, channels_last, dtype) -> None:
    draw, size = np.random.default_rng(1), channels * pixels
    data = draw.integers(0, 1 << 32, (7, channels, pixels), dtype=np.uint32).view(dtype)
    order = np.array([6, 0, 0, 5], np.int64)
    batch, memory = empty_rows(4, size, size + 5)
    kernel = batch_gather.gather_words(channels, pixels, size + 5, channels_last)
    run(kernel, data, order, batch, 0, 1)
    run(kernel, data, order, batch, 1, 4)
    expected = data[order].transpose(0, 2, 1) if channels_last else data[order]
    np.testing.assert_array_equal(memory.view(np.int32), expected.reshape(4, -1).view(np.int32))
    assert (between(batch, 4, size, size + 5) == UNTOUCHED).all()


@pytest.mark.parametrize("words", [1, 2, 15, 16, 17, 127, 128, 129, 400])
@pytest.mark.parametrize("gap", [0, 3])
def test_rows_of_a_table_are_stored_and_loaded_bit_for_bit(words: int, gap: int) -> None:
    draw, order = np.random.default_rng(1), np.array([6, 0, 2, 5], np.int64)
    values = draw.integers(0, 1 << 32, (4, words), dtype=np.uint32)
    table, in_table = empty_rows(7, words, words + 2 * gap)
    before = in_table.view(np.uint32).copy()
    memory = np.zeros((4, words + gap), np.uint32)
    memory[:, :words] = values
    arguments = table, words + 2 * gap, order, fenced(memory.view(np.float32)), words + gap, words
    run(batch_gather.store_rows(), *arguments, 0, 1)
    run(batch_gather.store_rows(), *arguments, 1, 4)
    before[order] = values
    np.testing.assert_array_equal(in_table.view(np.uint32), before)
    assert (between(table, 7, words, words + 2 * gap) == UNTOUCHED).all()
    batch, loaded = empty_rows(3, words, words + gap)
    chosen = np.array([0, 5, 0], np.int64)
    arguments = table, words + 2 * gap, chosen, batch, words + gap, words
    run(batch_gather.load_rows(), *arguments, 0, 2)
    run(batch_gather.load_rows(), *arguments, 2, 3)
    np.testing.assert_array_equal(loaded.view(np.uint32), before[chosen])
    assert (between(batch, 3, words, words + gap) == UNTOUCHED).all()
