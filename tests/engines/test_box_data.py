"""Every network that is offered for bundled data trains on it, natively and as the eager tier."""

from __future__ import annotations

import pytest

from tuitrain.engines.embedded import EmbeddedEngine
from tuitrain.engines.factory import EngineSpec, GroupSpec, MetricPlan
from tuitrain.engines.registry import engine_factory
from tuitrain.metric_info import BUILT_IN_METRICS
from tuitrain.scenario.bundled_data import BUNDLED_DATA
from tuitrain_core.data import Dataset
from tuitrain_core.module import Module

NEW = [
    pytest.param(data, model, marks=[] if model == "mlp" else pytest.mark.slow)
    for data, bundled in BUNDLED_DATA.items()
    for model in bundled.models
    if data != "mnist-mini"
]


class Eager(Module):
    """Reads a value in each step, so that it cannot be recorded."""

    def __init__(self, inner: Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x):
        assert x.numpy().size
        return self.inner(x)


def first(dataset: Dataset, count: int) -> Dataset:
    return Dataset(
        dataset.inputs[:count],
        dataset.targets[:count],
        dataset.classes,
        dataset.mean,
        dataset.std,
        vocabulary=dataset.vocabulary,
    )


def make_engine(make, train: Dataset, test: Dataset) -> EmbeddedEngine:
    plans = [GroupSpec("all", ("*",), "adam", {"lr": 0.001})]
    metrics = (MetricPlan(BUILT_IN_METRICS["test_loss"]),)
    spec = EngineSpec(make, train, test, plans, seed=0, batch_size=8, metrics=metrics)
    return EmbeddedEngine(spec)


def train_steps(engine: EmbeddedEngine, steps: int) -> list[float]:
    losses: list[float] = []
    while len(losses) < steps:
        losses += engine.run(steps - len(losses), lambda: False)
    return losses


@pytest.mark.parametrize("data", BUNDLED_DATA)
def test_the_networks_offered_are_those_that_fit(data):
    bundled = BUNDLED_DATA[data]
    assert {*bundled.models} == {*engine_factory().built_in_models(bundled.load()[0])}
    assert bundled.description


@pytest.mark.parametrize(("data", "model"), NEW)
def test_recorded_steps_equal_eager_steps(data, model):
    train, test = BUNDLED_DATA[data].load()
    make = engine_factory().built_in_models(train)[model]
    train, test = first(train, 21), first(test, 13)  # the last batches have five samples
    recorded, eager = (
        make_engine(make, train, test),
        make_engine(lambda: Eager(make()), train, test),
    )
    again = make_engine(make, train, test)
    assert recorded.stepper.is_native
    assert not eager.stepper.is_native
    losses = train_steps(recorded, 6)
    assert losses == pytest.approx(train_steps(eager, 6), rel=2e-3)
    assert losses == [again.run(1, lambda: False, lambda _: False)[0] for _ in range(6)]
    assert recorded.digest() == again.digest()
    assert recorded.evaluate() == pytest.approx(eager.evaluate(), rel=2e-3)
