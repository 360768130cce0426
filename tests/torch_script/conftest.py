"""Tests that need torch, or a library on it, are collected only where it is installed.

Each begins as a process does that has compiled nothing, whichever test came before it.
"""

import sys

import pytest

from tests.installed import is_installed

LIBRARIES = ("accelerate", "lightning", "transformers")

collect_ignore_glob = [] if is_installed("torch") else ["*.py"]
collect_ignore = [f"test_{name}.py" for name in LIBRARIES if not is_installed(name)]


@pytest.fixture(autouse=True)
def forget_compilations():
    """Clear PyTorch's counts of compilations before each test."""
    if (utils := sys.modules.get("torch._dynamo.utils")) is not None:
        utils.counters.clear()
