"""Code of the user: which part of it has failed, where, and the traceback of its own lines."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import TracebackException, format_exception, walk_tb
from types import FrameType
from typing import Any, Final

import tuitrain

from .errors import TuitrainError, UserCodeError, describe_error

INSTALLED: Final = tuple(
    sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
"""Folders of Python's own modules and of installed packages."""

_OURS: Final = (
    str(Path(tuitrain.__file__).parent) + os.sep,
    importlib.__file__.removesuffix("__init__.py"),
    "<frozen importlib",
)
"""The beginnings of the paths of code that is not the user's."""


class UserCallable:
    """A loss or metric of the user's own, with the name that errors give it.

    Parameters
    ----------
    key : the scenario's key that names it
    name : ``package.module:callable``
    function : what is called
    find_problem : says what is wrong with what it returns; "" if nothing is
    """

    def __init__(
        self,
        key: str,
        name: str,
        function: Callable[..., Any],
        find_problem: Callable[[object], str] = lambda _: "",
    ) -> None:
        self.key, self.name = key, name
        self._function, self._find_problem = function, find_problem

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Call the function.

        Raises
        ------
        TypeError : what it returns is not allowed
        """
        value = self._function(*args, **keywords)
        if problem := self._find_problem(value):
            raise TypeError(problem)
        return value


def describe_failure(error: BaseException) -> str:
    """Say what has failed, why, and where in the user's code.

    Such as ``loss: nets:careful failed: ZeroDivisionError: division by zero (nets.py, line 7)``. A
    part that is not known, such as the model, is not named.
    """
    part = _failed_part(error)
    return f"{part} failed: {_reason(error)}" if part else _reason(error)


def describe_failed_step(error: BaseException, step: int, is_loop: bool = False) -> str:
    """Say where and why a run has failed that has taken ``step`` steps: ``step 8: ValueError: …``.

    A measurement fails after a step, and all else in the next one. The loop of a script may fail
    anywhere between its steps, so that only the last step is known: ``after step 7: …``.

    Parameters
    ----------
    is_loop : whether the loop of a script takes the steps
    """
    what = describe_failure(error)
    is_after = is_loop or what.startswith("metrics: ")
    return f"{f'after step {step}' if is_after else f'step {step + 1}'}: {what}"


def describe_mistake(error: TuitrainError) -> str:
    """Return the message of a mistake, and the line of the user's own code that has made it."""
    return _reason(error)


def describe_at_length(error: BaseException) -> str:
    """Return the whole traceback of an error for a log; of a mistake only what it is and where."""
    if isinstance(error, TuitrainError):
        return describe_mistake(error)
    return "".join(format_exception(error))


def user_code_error(problem: str, error: BaseException) -> UserCodeError:
    """Return the error that reports an exception of the user's own code, with its traceback.

    Parameters
    ----------
    problem : what has failed, unless the traceback shows that it was the loss, a metric or the data
    """
    part = _failed_part(error)
    what = f"{part} failed" if part else problem
    return UserCodeError(f"{what}: {_reason(error)}", format_traceback(error))


def format_traceback(error: BaseException) -> str:
    """Return the lines of an error's traceback that are in the user's own code; "" without any."""
    report = TracebackException.from_exception(error)
    ours = _our_paths()
    frames = [frame for frame in report.stack if not frame.filename.startswith(ours)]
    if not frames and not isinstance(error, SyntaxError):
        return ""
    report.stack[:] = frames
    return "".join(report.format(chain=False)).rstrip()


def _reason(error: BaseException) -> str:
    """Return an error's type and message, and the innermost line of the user's own code.

    A mistake is described by its message alone.
    """
    what = str(error) if isinstance(error, TuitrainError) else describe_error(error)
    return what + find_place(error)


def find_place(error: BaseException) -> str:
    """Return the innermost line of the user's own code as ``" (nets.py, line 7)"``; "" if none."""
    user = [entry for entry in _frames(error) if not _path(entry[0]).startswith(_our_paths())]
    own = [entry for entry in user if not _path(entry[0]).startswith(INSTALLED)]
    place = (own or user[:1])[-1:]
    where = [f" ({Path(_path(frame)).name}, line {line})" for frame, line in place]
    return "".join(where)


def _failed_part(error: BaseException) -> str:
    """Return the part of a run whose code has raised, from the traceback; "" if it is not known."""
    passed: set[str] = set()
    for frame, _ in _frames(error):
        path = _path(frame)
        if frame.f_code is UserCallable.__call__.__code__:
            called = frame.f_locals["self"]
            return f"{called.key}: {called.name}"
        if "data" in passed and not path.startswith((*_our_paths(), *INSTALLED)):
            return "data: a transform"
        passed |= {name for name in ("data", "metrics") if path.startswith(_core_path(name))}
    return "metrics: the measurement" if "metrics" in passed else ""


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """Return the frames of an error's traceback with their lines, outermost first."""
    return walk_tb(error.__traceback__)


def _path(frame: FrameType) -> str:
    return frame.f_code.co_filename


def _our_paths() -> tuple[str, ...]:
    return (*_OURS, _core_path())


def _core_path(folder: str = "") -> str:
    """Return the path of the core or of a folder in it; that of no file if it is not imported."""
    core = getattr(sys.modules.get("tuitrain_core"), "__file__", None)
    return str(Path(core).parent / folder) + os.sep if core else "<not imported>"
