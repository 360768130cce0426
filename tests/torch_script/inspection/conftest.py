"""Each test begins as a process does that has compiled nothing, whichever test came before it."""

import sys

import pytest


@pytest.fixture(autouse=True)
def forget_compilations():
    """Clear PyTorch's counts of compilations before each test."""
    if (utils := sys.modules.get("torch._dynamo.utils")) is not None:
        utils.counters.clear()
