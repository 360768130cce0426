"""The embedded engine, small enough that a test can make one in milliseconds."""

import pytest

from tests.conformance.embedded import make_engine
from tuitrain.engines.embedded import EmbeddedEngine

__all__ = ["make_engine"]


@pytest.fixture
def engine() -> EmbeddedEngine:
    return make_engine()
