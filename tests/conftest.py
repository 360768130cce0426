"""What all tests share: which are collected, and how hypothesis searches."""

import os
from importlib.metadata import PackageNotFoundError, version

from hypothesis import settings

# No test measures time. A check in CI tries the same examples each time, so that what it says of a
# change is about the change; everywhere else the search goes on.
settings.register_profile("search", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "search")


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


# `make torch-test` installs them and runs what needs them.
collect_ignore = [each for each in ("torch", "jax") if not _installed(each)]
