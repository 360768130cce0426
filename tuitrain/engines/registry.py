"""The engines by name; an engine is imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tuitrain.errors import RefusedError, did_you_mean

from .factory import EngineFactory

DEFAULT_ENGINE: Final = "embedded"
"""The engine of a scenario that names none."""


def _load_embedded() -> EngineFactory:
    from .embedded.factory import EmbeddedFactory

    return EmbeddedFactory()


_LOADERS: Final[Mapping[str, Callable[[], EngineFactory]]] = {"embedded": _load_embedded}


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines."""
    return tuple(_LOADERS)


def engine_factory(name: str = DEFAULT_ENGINE) -> EngineFactory:
    """Return the factory of an engine.

    Raises
    ------
    RefusedError : no engine has that name
    """
    load = _LOADERS.get(name)
    if load is None:
        names = engine_names()
        hint = did_you_mean(name, names)
        raise RefusedError(f"no engine is called {name!r}{hint} (engines: {', '.join(names)})")
    return load()
