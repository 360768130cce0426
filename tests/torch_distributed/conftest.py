"""Tests of trainings in several processes are collected only where torch is installed."""

from tests.installed import is_installed

collect_ignore_glob = [] if is_installed("torch") else ["*.py"]
