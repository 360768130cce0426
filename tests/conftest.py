"""Shared settings of all tests: collection, and the profiles of hypothesis."""

import gc
import os
import signal
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest
from hypothesis import settings

from tests.installed import is_installed

pytest_plugins = ["pytester"]
if not entry_points(group="pytest11", name="tuitrain"):  # installed before there was one
    pytest_plugins.append("tuitrain.pytest_plugin")

# Tiles that the machine's load decides have no place in tests, whose bits do not depend on them.
os.environ.setdefault("TUITRAIN_TILES", "default")

# No test measures time. CI tries the same examples each time, so that a failure is due to the
# change; elsewhere every run searches further.
settings.register_profile("search", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# `make test` tries fewer, `make check` and CI all.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.load_profile("ci" if os.environ.get("CI") else "search")


# `make torch-test` installs them and runs what needs them.
collect_ignore = [package for package in ("torch", "jax", "mcp") if not is_installed(package)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect the tests without collecting garbage, which takes a quarter of the time.

    Later collections pass over what exists then: the tests, and the modules they import.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def heed_interrupts() -> None:
    """Handle SIGINT as Python does; processes that a shell starts in the background ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def sockets_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the sockets of runs in tests apart from the user's."""
    os.environ["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("sockets"))
