"""Random words equal those of NumPy's generator, and dropout equals that of the eager tier."""

from __future__ import annotations

import numpy as np
import pytest
from fenced_memory import fenced
from row_memory import Result, drawn, in_parts, pitched

from tuitrain_core import CoreError, random
from tuitrain_core.compiler.execution import rng_state
from tuitrain_core.native.elementwise import dropout
from tuitrain_core.native.runtime import philox
from tuitrain_core.native.runtime.library import run
from tuitrain_core.ops.dropout import Dropout

pytestmark = pytest.mark.usefixtures("cpu")


def generators(draw_before) -> tuple[np.random.Generator, np.random.Generator]:
    """Return two generators in the same state."""
    pair = random.make_generator(4), random.make_generator(4)
    for generator in pair:
        draw_before(generator)
    return pair


def floats(count: int):
    return lambda generator: generator.random(count, dtype=np.float32)


def with_an_older_buffered_word(generator) -> None:
    """Leave half of a number buffered, and draw numbers of 64 bits after it."""
    generator.random(3, dtype=np.float32)
    generator.random(2)


def before_the_counter_carries(generator) -> None:
    state = dict(generator.bit_generator.state)
    state["state"]["counter"] = np.array([2**64 - 2, 2**64 - 1, 5, 0], np.uint64)
    generator.bit_generator.state = state


BEFORE = {
    "at the start": floats(0),
    **{f"after {n}": floats(n) for n in (1, 2, 7, 8, 9)},
    "after numbers of 64 bits": with_an_older_buffered_word,
    "where the counter carries": before_the_counter_carries,
}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("count", [1, 2, 8, 9, 15, 16, 17, 300])
def test_words_equal_those_of_numpy(before: str, count: int) -> None:
    eager, reference = generators(BEFORE[before])
    state = np.zeros(philox.STATE_SIZE, np.uint64)
    memory = np.full(count + 3 * philox.WORDS_PER_BLOCK, 77, np.uint32)
    words, blocks = memory[philox.WORDS_PER_BLOCK :], philox.block_count(count)
    for _ in range(2):
        with random.scope(eager):
            rng_state.load_state(state)
        for first, last in ((blocks - 1, blocks), (0, min(1, blocks - 1)), (1, blocks - 1)):
            run(philox.draw(), state, words, 0, first, last)
        actual = (words[:count] >> 8).astype(np.float32) / np.float32(1 << 24)
        np.testing.assert_array_equal(actual, reference.random(count, dtype=np.float32))
        with random.scope(eager):
            rng_state.advance(count)
        assert repr(eager.bit_generator.state) == repr(reference.bit_generator.state)


@pytest.mark.parametrize("before", BEFORE)
def test_a_step_continues_the_words_of_the_step_before(before: str) -> None:
    eager, reference = generators(BEFORE[before])
    state = np.zeros(philox.STATE_SIZE, np.uint64)
    words = np.zeros(80, np.uint32)
    with random.scope(eager):
        rng_state.load_state(state)
    for _ in range(3):
        for offset, count in ((0, 13), (13, 4)):
            run(philox.draw(), state, words[8:], offset, 0, philox.block_count(count))
            actual = (words[8 : 8 + count] >> 8).astype(np.float32) / np.float32(1 << 24)
            np.testing.assert_array_equal(actual, reference.random(count, dtype=np.float32))
        run(philox.advance(), state, 17)
    with random.scope(eager):
        rng_state.advance(3 * 17)
    assert repr(eager.bit_generator.state) == repr(reference.bit_generator.state)


def test_another_generator_is_refused() -> None:
    with (
        random.scope(np.random.default_rng(0)),
        pytest.raises(CoreError, match=r"Philox generator.* not from PCG64"),
    ):
        rng_state.load_state(np.zeros(philox.STATE_SIZE, np.uint64))


@pytest.mark.parametrize("features", [1, 15, 16, 33])
@pytest.mark.parametrize("drop_prob", [0.0, 0.2, 0.5, 0.999999999])
def test_dropout_has_the_bits_of_the_eager_tier(features: int, drop_prob: float) -> None:
    x = drawn(5, features)
    x[1, 0], x[2, -1], x[3, 0] = np.nan, np.inf, -0.0
    words = np.random.default_rng(1).integers(0, 1 << 32, x.shape, dtype=np.uint32)
    edge = min(int(np.ceil(float(np.float32(drop_prob)) * (1 << 24))), (1 << 24) - 1)
    words[4, :3] = np.uint32(edge << 8)
    words[0, :3] = np.uint32(max(edge - 1, 0) << 8)
    uniform = (words >> 8).astype(np.float32) / np.float32(1 << 24)
    with np.errstate(invalid="ignore"):
        expected, _ = Dropout(drop_prob).forward(x, uniform >= np.float32(drop_prob))
    y = Result(*x.shape)
    kernel = dropout.dropout(features, features + 3, features + 3, drop_prob)
    fence = fenced(words.view(np.float32))
    (actual,) = in_parts(kernel, pitched(x), fence, y.memory, total=5, results=[y])
    np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(np.signbit(actual)[:1], np.signbit(expected)[:1])
