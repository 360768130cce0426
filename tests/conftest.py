"""Shared settings of all tests: collection, and the profiles of hypothesis."""

import gc
import os
import signal
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from random import Random

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

SHUFFLED = [
    Path(__file__).parent / folder
    for folder in ("commands", "run", "engines", "records", "scenario")
]
"""Tests below the screens, which `make check` runs in a random order."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run the tests below the screens in random order",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle the files below the screens, and the tests in each; all others keep their order.

    They come first: some take long, and at the end the other workers would wait for them.
    """
    seed = config.getoption("--shuffle")
    if seed is None:
        return
    files: dict[Path, list[pytest.Item]] = {}
    others: list[pytest.Item] = []
    for item in items:
        is_shuffled = any(folder in item.path.parents for folder in SHUFFLED)
        (files.setdefault(item.path, []) if is_shuffled else others).append(item)
    random, groups = Random(seed), list(files.values())
    random.shuffle(groups)
    for group in groups:
        random.shuffle(group)
    items[:] = [*(item for group in groups for item in group), *others]


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
