"""Data sets of one to three samples: every model trains on them, or says why it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain.engines.embedded import EmbeddedEngine
from tuitrain.engines.factory import EngineSpec, GroupSpec
from tuitrain_core import CoreError, tensor
from tuitrain_core.data import Dataset
from tuitrain_core.models import CNN, MLP, LeNet, ResNet, Transformer
from tuitrain_core.module import (
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Linear,
    Module,
    Sequential,
)

MODELS = {
    "lenet": (LeNet, (1, 28, 28)),
    "mlp": (lambda: MLP((12, 5, 4)), (1, 3, 4)),
    "cnn": (lambda: CNN(2, 4), (2, 8, 8)),
    "resnet8": (lambda: ResNet(8, 2, 4), (2, 8, 8)),
    "resnet8 of one pixel": (lambda: ResNet(8, 2, 4), (2, 4, 4)),
    "transformer": (lambda: Transformer((1, 3, 4), 4, 8, 2, 1), (1, 3, 4)),
    "norm of rows": (lambda: Sequential(Flatten(), Linear(12, 4), BatchNorm1d(4)), (1, 3, 4)),
    "norm of a pixel": (
        lambda: Sequential(Conv2d(1, 4, (3, 4)), BatchNorm2d(4, affine=False), Flatten()),
        (1, 3, 4),
    ),
}


class Eager(Module):
    """A model whose steps are taken operation by operation, since it looks at values."""

    def __init__(self, inner: Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, inp):
        return self.inner(tensor(inp.numpy()))


def outcome(make, shape, samples: int, batch_size: int) -> tuple[list[float], str]:
    """Train two epochs, and return the losses and what ended it before."""
    images = np.random.default_rng(0).integers(0, 256, (samples, *shape)).astype(np.uint8)
    data, plans = (
        Dataset(images, np.arange(samples)),
        [GroupSpec("all", ("*",), "sgd", {"lr": 0.01})],
    )
    engine = EmbeddedEngine(EngineSpec(make, data, data, plans, batch_size=batch_size))
    losses: list[float] = []
    try:
        for _ in range(2 * engine.steps_per_epoch):
            losses += engine.run(1, lambda: False)
        engine.inspect_network()
        engine.evaluate()
    except CoreError as error:
        return losses, str(error)
    return losses, ""


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4])
@pytest.mark.parametrize("samples", [1, 2, 3])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.slow
def test_both_tiers_train_or_refuse_the_same_batch_in_the_same_words(name, samples, batch_size):
    make, shape = MODELS[name]
    losses, error = outcome(make, shape, samples, batch_size)
    expected, words = outcome(lambda: Eager(make()), shape, samples, batch_size)
    assert error == words
    assert losses[:1] == pytest.approx(expected[:1], rel=1e-5)
    # Of two values a norm layer makes -1 and 1 whatever they are: their gradient is rounding alone.
    assert losses == pytest.approx(expected, rel=5e-3)
    alone = batch_size == 1 or samples % batch_size == 1
    one_value = alone and ("pixel" in name or "rows" in name)
    assert ("at least 2 values to have a variance" in error) == one_value
    assert (len(losses) < 2 * -(-samples // batch_size)) == one_value
