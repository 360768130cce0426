"""Tests that need torch are collected only where it is installed."""

from tests.installed import is_installed

collect_ignore_glob = [] if is_installed("torch") else ["*.py"]
