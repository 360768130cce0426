"""`trace`, for scripts that use it: the function runs operation by operation.

`compiler` records and compiles whole training steps; a traced function may be anything, so it is
run as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from .errors import CoreError
from .logger import warn_once


class trace:  # noqa: N801
    """A function that MegEngine would compile. Here it runs operation by operation.

    Parameters
    ----------
    function : what to run; without it, ``trace(symbolic=True)`` is a decorator
    symbolic, capture_as_const, options : accepted; a warning says once that they have no effect
    """

    def __new__(cls, function: Callable[..., Any] | None = None, **options: Any) -> Any:
        """Return a traced function, or a decorator."""
        return super().__new__(cls) if function is not None else functools.partial(cls, **options)

    def __init__(
        self,
        function: Callable[..., Any],
        symbolic: bool = False,
        capture_as_const: bool = False,
        **options: Any,
    ) -> None:
        if symbolic or capture_as_const or options:
            warn_once("jit.trace runs functions operation by operation; its options have no effect")
        self._function = function
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the function."""
        return self._function(*arguments, **options)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def dump(self, *arguments: Any, **options: Any) -> None:  # noqa: ARG002
        """Refuse: there is no compiled graph that could be written.

        Raises
        ------
        CoreError : always
        """
        raise CoreError("a traced function has no graph to dump; save a state_dict() instead")


def exclude_from_trace() -> AbstractContextManager[None]:
    """Return a context in which MegEngine does not trace; it has no effect."""
    return nullcontext()
