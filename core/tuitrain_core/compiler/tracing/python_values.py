"""The Python values that a function reads besides its arguments: a recorded step keeps them.

They are plain values (numbers, texts, small arrays, and containers of them) in variables that a
function encloses, in globals that it names, and in attributes of an object that it belongs to. The
functions that it calls by such a name are searched too; those of installed packages are not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import numpy as np

from ...module import Module
from ...tensor import Tensor

_MAX_ITEMS: Final = 256
"""Maximum size of a container or an array; larger ones are taken for constants."""

_MAX_DEPTH: Final = 3
"""How deep containers and objects are searched."""

_LIBRARIES: Final = ("tuitrain_core", "tuitrain", "numpy", "builtins")

_INSTALLED: Final = (str(Path(os.__file__).parent), "site-packages", "dist-packages")
"""Parts of the paths of Python's own modules and of installed packages."""

_OTHER: Final = object()
"""In place of a value that is not plain."""


class PythonValues:
    """The plain values that functions read, as they are now.

    Parameters
    ----------
    roots : functions, methods, partial functions, or objects that can be called
    """

    def __init__(self, roots: Iterable[object]) -> None:
        self._readers: list[tuple[str, Callable[[], Any], Callable[[Any], None]]] = []
        self._seen: set[int] = set()
        for root in roots:
            self._add_function(root, _MAX_DEPTH)
        self._before = [(read(), _freeze(read())) for _, read, _ in self._readers]
        self._copies = [_copy(value) for value, _ in self._before]

    def changed_name(self) -> str:
        """Return the name of a value that is not what it was; "" if there is none."""
        for (name, read, _), (_, frozen) in zip(self._readers, self._before, strict=True):
            if _freeze(read()) != frozen:
                return name
        return ""

    def restore(self) -> None:
        """Set the values to what they were."""
        for (_, read, write), (value, frozen), copied in zip(
            self._readers, self._before, self._copies, strict=True
        ):
            if _freeze(read()) != frozen:
                _refill(value, copied)
                write(value)

    def _add_function(self, value: Any, depth: int) -> None:
        """Add what a function reads; ``depth`` more objects may lie between it and a value."""
        if id(value) in self._seen or depth < 0:
            return
        self._seen.add(id(value))
        match value:
            case FunctionType():
                if not _is_library(value.__module__, value.__code__.co_filename):
                    self._add_variables(value, depth)
            case MethodType():
                self._add_function(value.__func__, depth)
                self._add_attributes(value.__self__, depth)
            case partial():
                self._add_function(value.func, depth)
                self._add_items([*value.args, *value.keywords.values()], "an argument", depth)
            case _:
                call = type(value).forward if isinstance(value, Module) else _call_of(value)
                if call is not None:
                    self._add_function(call, depth)
                    self._add_attributes(value, depth)

    def _add_variables(self, function: FunctionType, depth: int) -> None:
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            self._add_place(name, *_of_cell(cell), depth)
        space = function.__globals__
        for name in _names_in(function.__code__):
            value = space.get(name, _OTHER)
            if isinstance(value, ModuleType):
                self._add_module(value, function.__code__, depth)
            elif value is not _OTHER:
                self._add_place(name, *_of_dict(space, name), depth)
        self._add_items(function.__defaults__ or (), "a default", depth)

    def _add_module(self, module: ModuleType, code: CodeType, depth: int) -> None:
        """Add the values of a user's module that a function may name."""
        if _is_library(module.__name__, getattr(module, "__file__", None)):
            return
        for name in _names_in(code):
            if name in vars(module):
                self._add_place(f"{module.__name__}.{name}", *_of_dict(vars(module), name), depth)

    def _add_attributes(self, holder: object, depth: int) -> None:
        if isinstance(holder, Module | Tensor | type) or _is_library(type(holder).__module__):
            return
        for name in vars(holder) if hasattr(holder, "__dict__") else ():
            self._add_place(name, *_of_dict(vars(holder), name), depth - 1)

    def _add_items(self, items: Iterable[Any], name: str, depth: int) -> None:
        for item in items:
            self._add_place(name, lambda item=item: item, lambda _: None, depth)

    def _add_place(
        self, name: str, read: Callable[[], Any], write: Callable[[Any], None], depth: int
    ) -> None:
        value = read()
        if _freeze(value) is not _OTHER:
            self._readers.append((name, read, write))
        elif callable(value):
            self._add_function(value, depth - 1)
        elif depth > 0 and id(value) not in self._seen:
            self._seen.add(id(value))
            self._add_attributes(value, depth)


def _call_of(value: Any) -> Any:
    """Return the function that calling an object runs; None for a class, or one of C."""
    call = vars(type(value)).get("__call__")
    return call if isinstance(call, FunctionType) else None


def _of_cell(cell: Any) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    def read() -> Any:
        try:
            return cell.cell_contents
        except ValueError:  # it is not assigned yet
            return _OTHER

    def write(value: Any) -> None:
        cell.cell_contents = value

    return read, write


def _of_dict(space: dict[str, Any], name: str) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    return lambda: space.get(name, _OTHER), lambda value: space.__setitem__(name, value)


def _names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that a function and those inside of it use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _is_library(module: str | None, path: str | None = "") -> bool:
    """Whether a module is not the user's own code."""
    if module is None or path is None or module.partition(".")[0] in _LIBRARIES:
        return True
    return any(part in path for part in _INSTALLED)


def _freeze(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """Return a plain value in a form that does not change; `_OTHER` for any other value."""
    if value is None or isinstance(value, bool | int | str | bytes):
        return type(value), value
    if isinstance(value, float | complex | np.generic):
        return type(value), repr(value)  # NaN equals itself
    if isinstance(value, np.ndarray) and value.size <= _MAX_ITEMS and not value.dtype.hasobject:
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, list | tuple | dict | set | frozenset) and len(value) <= _MAX_ITEMS:
        items = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)
        frozen = [_freeze(item, depth - 1) for item in items] if depth else [_OTHER]
        return _OTHER if any(item is _OTHER for item in frozen) else (type(value), tuple(frozen))
    return _OTHER


def _copy(value: Any) -> Any:
    """Return a copy of a plain value, with copies of what it contains."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(map(_copy, value)) if type(value) in (list, tuple, set) else value
    return value.copy() if isinstance(value, np.ndarray) else value


def _refill(value: Any, copied: Any) -> None:
    """Give a container or an array the contents of its copy."""
    if isinstance(value, list):
        value[:] = copied
    elif isinstance(value, dict | set):
        value.clear()
        value.update(copied)
    elif isinstance(value, np.ndarray):
        value[...] = copied
