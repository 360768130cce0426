"""Importing and calling callables that a scenario names as ``package.module:callable``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tuitrain.errors import ScenarioError, did_you_mean
from tuitrain.user_code import user_code_error

from .module_search import searched_folders


def import_callable(key: str, name: str, known: Iterable[str]) -> Callable[..., Any]:
    """Import ``"package.module:callable"``; ``key`` is the scenario's key with the name.

    Raises
    ------
    ScenarioError : the name has another form, or there is no such module or callable
    UserCodeError : the module raised
    """
    module_name, attribute = split_spec(key, name, known)
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise ScenarioError(f"{key}: {module_name!r} is not a module name such as package.module")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a script may end with sys.exit
        if isinstance(error, ModuleNotFoundError) and _is_part_of(error.name, module_name):
            raise _not_found(key, module_name) from error
        raise user_code_error(f"{key}: cannot import {module_name}", error) from error
    value = getattr(module, attribute, None)
    if not callable(value):
        callables = [entry for entry in dir(module) if callable(getattr(module, entry, None))]
        nearest = did_you_mean(attribute, callables)
        raise ScenarioError(f"{key}: {module_name} has no callable {attribute!r}{nearest}")
    return value


def split_spec(key: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """Split ``"package.module:callable"``, without checking that it exists.

    Raises
    ------
    ScenarioError : the name has another form; the message lists the ``known`` names
    """
    module_name, colon, attribute = name.partition(":")
    if colon and module_name and not attribute:
        raise ScenarioError(f"{key}: {name!r} needs the name of a callable after the colon")
    if not colon or not module_name:
        raise ScenarioError(
            f"{key}: {name!r} is not known{did_you_mean(name, known)} "
            f"(allowed: {', '.join(known)}, or package.module:callable)"
        )
    return module_name, attribute


def call(key: str, name: str, make: Callable[[], Any]) -> Any:
    """Call a callable that a scenario names.

    Raises
    ------
    UserCodeError : it raised
    """
    try:
        return make()
    except (Exception, SystemExit) as error:
        raise user_code_error(f"{key}: {name}() failed", error) from error


def type_name(value: object) -> str:
    """Return the name of a value's type."""
    return type(value).__name__


def _is_part_of(missing: str | None, module_name: str) -> bool:
    """Return whether the module that was not found is the named one, or a package above it."""
    return missing is not None and f"{module_name}.".startswith(f"{missing}.")


def _not_found(key: str, module_name: str) -> ScenarioError:
    folders = searched_folders()
    files = [path.stem for folder in folders for path in _python_files(folder)]
    names = [*files, *(name for name in sys.modules if "." not in name)]
    nearest = did_you_mean(module_name, names)
    places = f" (looked in {', '.join(folders)}, and on Python's path)" if folders else ""
    return ScenarioError(f"{key}: there is no module {module_name!r}{nearest}{places}")


def _python_files(folder: str) -> list[Path]:
    try:
        return sorted(Path(folder).glob("*.py"))
    except OSError:
        return []
