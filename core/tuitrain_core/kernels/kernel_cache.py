"""Numba's compiled functions, kept on disk in the same way as the native kernels.

Numba's own cache loads whatever lies in its folder, and fails with whatever is damaged there. So a
dispatcher gets this one in its place. What Numba knows of a compiled function can be kept in one
form only, as a pickle; it is read only from a file that passes `tuitrain_core.cache`.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import caching, compiler, serialize

from .. import cache


class KernelCache(caching.NullCache):
    """The cache of one function, as a dispatcher of Numba asks it.

    Parameters
    ----------
    function : of a module, and no closure
    flags : what it is compiled with
    """

    def __init__(self, function: Any, flags: dict[str, Any]) -> None:
        self._made_from = (
            _source(function.__module__),
            f"{function.__module__}.{function.__qualname__}",
            repr(sorted(flags.items())),
            f"Python {sys.version}",
            f"Numba {numba.__version__}, llvmlite {llvmlite.__version__}",
        )
        self._store = cache.get_store(cache_folder())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled for a signature; None if it has to be compiled."""
        target_context.refresh()
        content = self._store.read(self._key(sig, target_context.codegen()))
        if content is None:
            return None
        try:
            return compiler.CompileResult._rebuild(target_context, *pickle.loads(content))  # noqa: S301 - see above
        except Exception:  # Numba can have changed without another version
            self._store.report_damage()
            return None

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep what was compiled for a signature."""
        if cres.library.has_dynamic_globals:  # it has addresses of this process in it
            return
        self._store.write(self._key(sig, cres.codegen), serialize.dumps(cres._reduce()))

    def _key(self, sig: Any, codegen: Any) -> str:
        made_for = (repr(sig), repr(codegen.magic_tuple()))
        return hashlib.sha256("\0".join((*self._made_from, *made_for)).encode()).hexdigest()


def cache_folder() -> Path:
    """Return where compiled functions are kept; ``NUMBA_CACHE_DIR`` names another place."""
    chosen = os.environ.get("NUMBA_CACHE_DIR", "")
    return Path(chosen).absolute() / "tuitrain" if chosen else cache.kernel_folder()


@functools.cache
def _source(module: str) -> str:
    """Return the source of a module: a kernel calls others of its file, and takes on its constants.

    Raises
    ------
    OSError : it is not in a file
    """
    return inspect.getsource(sys.modules[module])
