"""A small embedded engine, which a test makes in milliseconds."""

import pytest

from tests.conformance.embedded import make_engine
from tuitrain.engines.embedded import EmbeddedEngine

__all__ = ["make_engine"]


@pytest.fixture
def engine() -> EmbeddedEngine:
    return make_engine()
