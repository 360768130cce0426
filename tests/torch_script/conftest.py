"""Tests that need torch, or a library on it, are collected only where it is installed."""

from tests.installed import is_installed

LIBRARIES = ("accelerate", "lightning", "transformers")

collect_ignore_glob = [] if is_installed("torch") else ["*.py"]
collect_ignore = [f"test_{name}.py" for name in LIBRARIES if not is_installed(name)]
