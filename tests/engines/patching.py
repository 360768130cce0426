"""Replace members of the engines that a test builds."""

from collections.abc import Callable

import pytest

from tuitrain.engines.engine import Engine
from tuitrain.engines.factory import EngineSpec
from tuitrain.engines.registry import engine_factory


def wrap_evaluate(
    monkeypatch: pytest.MonkeyPatch, wrap: Callable[[Callable[[], float]], Callable[[], float]]
) -> None:
    """Have the default factory build engines whose ``evaluate`` is wrapped."""
    factory = type(engine_factory())
    build = factory.build

    def build_wrapped(self, spec: EngineSpec) -> Engine:
        engine = build(self, spec)
        engine.evaluate = wrap(engine.evaluate)
        return engine

    monkeypatch.setattr(factory, "build", build_wrapped)
