"""The current generator: seeded, private to a thread of work, restorable. And dropout by it."""

import threading

import numpy as np
import pytest

from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import CoreError, ShapeError, Tensor, random
from tuitrain_core import functional as F
from tuitrain_core.ops.dropout import Dropout


def draw():
    return random.generator().random(5).tolist()


def test_a_seed_decides_what_is_drawn():
    random.seed(7)
    first = draw()
    second = draw()
    random.seed(7)
    assert [first, second] == [draw(), draw()]
    random.seed(8)
    assert draw() != first


def test_a_state_restores_exactly_even_between_two_halves_of_a_number():
    with random.scope(random.make_generator(1)) as generator:
        generator.random(3, dtype=np.float32)
        saved = random.get_state()
        expected = generator.random(9, dtype=np.float32)
        random.set_state(saved)
        np.testing.assert_array_equal(generator.random(9, dtype=np.float32), expected)
        random.set_state(saved)
        np.testing.assert_array_equal(generator.random(9, dtype=np.float32), expected)


def test_a_scope_ends_with_its_block_and_seeds_its_own_generator():
    random.seed(3)
    expected = draw()
    random.seed(3)
    with random.scope(random.make_generator(4)):
        random.seed(5)
        inside = draw()
    assert draw() == expected
    assert inside != expected


def test_two_threads_have_separate_scopes():
    """Draw by turns in two threads; each gets what it would get alone."""
    turn = threading.Barrier(2, timeout=60)
    drawn: dict[int, list[float]] = {}

    def work(number: int) -> None:
        with random.scope(random.make_generator(number)):
            drawn[number] = []
            for _ in range(3):
                turn.wait()
                drawn[number] += draw()

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in (1, 2):
        assert drawn[number] == random.make_generator(number).random(15).tolist()


@pytest.mark.parametrize("number", [-1, 1.5, "7", True, None])
def test_an_invalid_seed_is_an_error(number):
    with pytest.raises(CoreError, match="a seed is a whole number of at least 0"):
        random.seed(number)


def test_an_invalid_state_is_an_error():
    with pytest.raises(CoreError, match="not the state of a Philox generator"):
        random.set_state({"bit_generator": "MT19937"})


def test_dropout_scales_what_it_keeps():
    x = np.random.default_rng(15).standard_normal((4, 5))
    keep = np.random.default_rng(16).random((4, 5)) > 0.3
    output, _ = Dropout(0.3).forward(x, keep)
    for place in np.ndindex(x.shape):
        assert output[place] == pytest.approx(x[place] / 0.7 if keep[place] else 0.0)
    assert_gradients(Dropout(0.3), x, keep, constant=(1,))


def test_dropout_repeats_with_its_seed_and_keeps_about_as_many_as_it_should():
    x = Tensor(np.ones((100, 100), np.float32))
    random.seed(17)
    first = F.dropout(x, 0.25).numpy()
    second = F.dropout(x, 0.25).numpy()
    random.seed(17)
    np.testing.assert_array_equal(F.dropout(x, 0.25).numpy(), first)
    assert (first != second).any()
    # Ten thousand draws: a standard deviation of 0.0043 around 0.75.
    assert (first > 0).mean() == pytest.approx(0.75, abs=0.02)
    assert first.max() == pytest.approx(1 / 0.75)


def test_dropout_draws_the_same_mask_for_either_dtype():
    masks = []
    for dtype in ("float32", "float64"):
        random.seed(18)
        masks.append(F.dropout(Tensor(np.ones((7, 9), dtype)), 0.5).numpy() > 0)
    np.testing.assert_array_equal(*masks)


def test_dropout_does_nothing_and_draws_nothing_in_evaluation_or_keeps_all_at_zero():
    x = Tensor([1.0, 2.0])
    random.seed(19)
    expected = draw()
    random.seed(19)
    assert F.dropout(x, 0.5, training=False) is x
    assert draw() == expected
    np.testing.assert_array_equal(F.dropout(x, 0.0).numpy(), x.numpy())


@pytest.mark.parametrize("probability", [-0.1, 1.0, float("nan")])
def test_an_invalid_probability_is_an_error(probability):
    with pytest.raises(CoreError, match=r"dropout: the probability is in \[0, 1\)"):
        F.dropout(Tensor([1.0]), probability)


def test_a_mask_of_another_shape():
    with pytest.raises(ShapeError, match="the mask has shape"):
        Dropout(0.5).forward(np.ones(3), np.ones(2, bool))
