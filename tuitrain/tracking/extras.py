"""Libraries of other tools, imported where they are used and nowhere before."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tuitrain.errors import TuitrainError


def load_extra(module: str, extra: str) -> Any:
    """Return a module of an extra of this package.

    Parameters
    ----------
    module : its full name
    extra : the name of the extra, which is that of the library too

    Raises
    ------
    TuitrainError : it is not installed; says how to install it
    """
    try:
        return import_module(module)
    except ImportError as error:
        if (error.name or "").partition(".")[0] == extra:
            raise TuitrainError(
                f"the files of {extra} need its library: pip install 'tuitrain[{extra}]'"
            ) from None
        raise TuitrainError(f"the library {extra} cannot be loaded: {error}") from None
