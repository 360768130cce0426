"""Importing and calling callables that a scenario names as ``package.module:callable``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import Any

from tuitrain.errors import ScenarioError, did_you_mean


def import_callable(key: str, name: str, known: Iterable[str]) -> Callable[[], Any]:
    """Import ``"package.module:callable"``; ``key`` is the scenario's key with the name.

    Raises
    ------
    ScenarioError : the name has another form, or the callable cannot be imported
    """
    module_name, attribute = split_spec(key, name, known)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a script may end with sys.exit
        raise ScenarioError(
            f"{key}: cannot import {module_name}: {describe_error(error)}"
        ) from error
    attribute_value = getattr(module, attribute, None)
    if not callable(attribute_value):
        raise ScenarioError(
            f"{key}: {module_name} has no callable {attribute!r}"
            f"{did_you_mean(attribute, dir(module))}"
        )
    return attribute_value


def split_spec(key: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """Split ``"package.module:callable"``, without checking whether it exists.

    Raises
    ------
    ScenarioError : the name has another form; the message lists the ``known`` names
    """
    module_name, colon, attribute = name.partition(":")
    if not colon or not module_name or not attribute:
        raise ScenarioError(
            f"{key}: {name!r} is not known{did_you_mean(name, known)} "
            f"(allowed: {', '.join(known)}, or package.module:callable)"
        )
    return module_name, attribute


def call(key: str, name: str, make: Callable[[], Any]) -> Any:
    """Call a callable that a scenario names.

    Raises
    ------
    ScenarioError : it raised an error
    """
    try:
        return make()
    except (Exception, SystemExit) as error:
        raise ScenarioError(f"{key}: {name}() failed: {describe_error(error)}") from error


def describe_error(error: BaseException) -> str:
    """Return an error's type and message."""
    return f"{type(error).__name__}: {error}"


def type_name(value: object) -> str:
    """Return the name of a value's type."""
    return type(value).__name__
