"""Random words are those that NumPy's generator gives, and dropout is that of the eager tier."""

from __future__ import annotations

import numpy as np
import pytest
from memory import fenced
from rows import Result, drawn, in_parts, pitched

from tuitrain_core import CoreError, random
from tuitrain_core.compiler.execution import rng_state
from tuitrain_core.native.elementwise import dropout
from tuitrain_core.native.runtime import philox
from tuitrain_core.native.runtime.library import run
from tuitrain_core.ops.dropout import Dropout

pytestmark = pytest.mark.usefixtures("cpu")


def generators(draw_before) -> tuple[np.random.Generator, np.random.Generator]:
    """Return two that stand at the same place."""
    made = random.make_generator(4), random.make_generator(4)
    for each in made:
        draw_before(each)
    return made


def floats(count: int):
    return lambda generator: generator.random(count, dtype=np.float32)


def left_over_and_older(generator) -> None:
    """Leave over half a number, and draw whole ones after it."""
    generator.random(3, dtype=np.float32)
    generator.random(2)


def at_the_end_of_a_counter(generator) -> None:
    state = dict(generator.bit_generator.state)
    state["state"]["counter"] = np.array([2**64 - 2, 2**64 - 1, 5, 0], np.uint64)
    generator.bit_generator.state = state


BEFORE = {
    "at the start": floats(0),
    **{f"after {n}": floats(n) for n in (1, 2, 7, 8, 9)},
    "after numbers of 64 bits": left_over_and_older,
    "where the counter carries": at_the_end_of_a_counter,
}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("count", [1, 2, 8, 9, 15, 16, 17, 300])
def test_words_are_those_that_numpy_draws(before: str, count: int) -> None:
    mine, theirs = generators(BEFORE[before])
    state = np.zeros(philox.STATE_SIZE, np.uint64)
    memory = np.full(count + 3 * philox.WORDS_PER_BLOCK, 77, np.uint32)
    words, blocks = memory[philox.WORDS_PER_BLOCK :], philox.block_count(count)
    for _ in range(2):
        with random.scope(mine):
            rng_state.load_state(state)
        for first, last in ((blocks - 1, blocks), (0, min(1, blocks - 1)), (1, blocks - 1)):
            run(philox.draw(), state, words, 0, first, last)
        found = (words[:count] >> 8).astype(np.float32) / np.float32(1 << 24)
        np.testing.assert_array_equal(found, theirs.random(count, dtype=np.float32))
        with random.scope(mine):
            rng_state.advance(count)
        assert repr(mine.bit_generator.state) == repr(theirs.bit_generator.state)


@pytest.mark.parametrize("before", BEFORE)
def test_a_step_draws_where_the_last_one_has_stopped(before: str) -> None:
    mine, theirs = generators(BEFORE[before])
    state = np.zeros(philox.STATE_SIZE, np.uint64)
    words = np.zeros(80, np.uint32)
    with random.scope(mine):
        rng_state.load_state(state)
    for _ in range(3):
        for offset, count in ((0, 13), (13, 4)):
            run(philox.draw(), state, words[8:], offset, 0, philox.block_count(count))
            found = (words[8 : 8 + count] >> 8).astype(np.float32) / np.float32(1 << 24)
            np.testing.assert_array_equal(found, theirs.random(count, dtype=np.float32))
        run(philox.advance(), state, 17)
    with random.scope(mine):
        rng_state.advance(3 * 17)
    assert repr(mine.bit_generator.state) == repr(theirs.bit_generator.state)


def test_another_generator_is_refused() -> None:
    with (
        random.scope(np.random.default_rng(0)),
        pytest.raises(CoreError, match=r"Philox generator.* not from PCG64"),
    ):
        rng_state.load_state(np.zeros(philox.STATE_SIZE, np.uint64))


@pytest.mark.parametrize("features", [1, 15, 16, 33])
@pytest.mark.parametrize("drop_prob", [0.0, 0.2, 0.5, 0.999999999])
def test_the_bits_are_those_of_the_eager_tier(features: int, drop_prob: float) -> None:
    x = drawn(5, features)
    x[1, 0], x[2, -1], x[3, 0] = np.nan, np.inf, -0.0
    words = np.random.default_rng(1).integers(0, 1 << 32, x.shape, dtype=np.uint32)
    edge = min(int(np.ceil(float(np.float32(drop_prob)) * (1 << 24))), (1 << 24) - 1)
    words[4, :3] = np.uint32(edge << 8)
    words[0, :3] = np.uint32(max(edge - 1, 0) << 8)
    given = (words >> 8).astype(np.float32) / np.float32(1 << 24)
    with np.errstate(invalid="ignore"):
        expected, _ = Dropout(drop_prob).forward(x, given >= np.float32(drop_prob))
    y = Result(*x.shape)
    kernel = dropout.dropout(features, features + 3, features + 3, drop_prob)
    fence = fenced(words.view(np.float32))
    (found,) = in_parts(kernel, pitched(x), fence, y.memory, total=5, results=[y])
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found)[:1], np.signbit(expected)[:1])
