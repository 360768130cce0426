"""A model of token sequences: the numbers are a data set's bytes."""

import numpy as np
import pytest

from tuitrain.engines.embedded import EmbeddedEngine
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain_core import CoreError
from tuitrain_core import functional as F
from tuitrain_core.data import Dataset
from tuitrain_core.models import Transformer
from tuitrain_core.module import Dropout, Embedding, Linear, Module

WORDS, LENGTH = 11, 6


class Sentences(Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.drop = Embedding(WORDS, 16), Dropout(0.1)
        self.block = Transformer((1, LENGTH, 1), 3, 16, 2, 1).blocks
        self.head = Linear(16, 3)

    def forward(self, x):
        x = self.words(F.flatten(x, 1).astype("int32"))
        return self.head(self.block(self.drop(x)).mean(1))


def make_engine(wrong: int | None = None) -> EmbeddedEngine:
    """Make an engine; the token of a sample may be one that the table does not have."""
    draw = np.random.default_rng(0)
    tokens = draw.integers(0, WORDS, (60, 1, 1, LENGTH)).astype(np.uint8)
    labels = tokens.sum((1, 2, 3)) % 3
    if wrong is not None:
        tokens[wrong, 0, 0, 2] = WORDS
    data = Dataset(tokens, labels, 3, mean=0.0, std=1.0 / 255.0)
    plans = [GroupSpec("all", ("*",), "adam", {"lr": 0.01})]
    return EmbeddedEngine(EngineSpec(Sentences, data, data, plans, seed=0, batch_size=8))


def train(engine: EmbeddedEngine, steps: int) -> list[float]:
    losses: list[float] = []
    while len(losses) < steps:
        losses += engine.run(steps - len(losses), lambda: False)
    return losses


@pytest.mark.parametrize("threads", ["1", "2"])
def test_native_steps_of_a_token_model_equal_single_steps(monkeypatch, threads):
    monkeypatch.setenv("TUITRAIN_THREADS", threads)
    engine, other = make_engine(), make_engine()
    assert engine.stepper.is_native
    losses = train(engine, 40)
    assert losses == [other.run(1, lambda: False, lambda _: False)[0] for _ in range(40)]
    assert engine.digest() == other.digest()
    assert engine.state().random == other.state().random
    assert losses[-1] < losses[0]


def test_an_unknown_token_ends_the_run_at_the_boundary_before_it():
    sound, engine = make_engine(), make_engine(wrong=17)
    where = next(n for n in range(8) if 17 in engine.loader.batch_indices(n))
    place = engine.loader.batch_indices(where).tolist().index(17)
    with pytest.raises(CoreError, match=rf"at \({place}, 2\) is 11; with 11 rows it must be 0"):
        train(engine, 8)
    train(sound, where)
    assert engine.step == where
    assert engine.digest() == sound.digest()
    assert engine.state().random == sound.state().random
