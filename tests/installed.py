"""Which libraries are installed, for the tests that need them."""

from importlib.metadata import PackageNotFoundError, version


def is_installed(package: str) -> bool:
    """Whether a package is installed; `find_spec` would find the folder ``tests/torch``, too."""
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
