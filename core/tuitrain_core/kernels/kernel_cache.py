"""The disk cache of functions compiled by Numba, with the checks of the native kernels' cache.

Numba's own cache loads any file in its folder, and fails on damaged ones. This cache replaces it in
the dispatchers. A compiled function of Numba can be stored as a pickle only; the pickle is loaded
only from a file that passes the checks of `tuitrain_core.cache`.
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
    """The cache of one function, with the methods that a Numba dispatcher calls.

    Parameters
    ----------
    function : defined in a module, not a closure
    flags : the options of its compilation
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
        """Return the compiled function for a signature; None if it must be compiled."""
        target_context.refresh()
        content = self._store.read(self._key(sig, target_context.codegen()))
        if content is None:
            return None
        try:
            return compiler.CompileResult._rebuild(target_context, *pickle.loads(content))  # noqa: S301 - see above
        except Exception:  # Numba may have changed within one version
            self._store.report_damage()
            return None

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Store the compiled function for a signature."""
        if cres.library.has_dynamic_globals:  # it contains addresses of this process
            return
        self._store.write(self._key(sig, cres.codegen), serialize.dumps(cres._reduce()))

    def _key(self, sig: Any, codegen: Any) -> str:
        made_for = (repr(sig), repr(codegen.magic_tuple()))
        return hashlib.sha256("\0".join((*self._made_from, *made_for)).encode()).hexdigest()


def cache_folder() -> Path:
    """Return the folder of compiled functions; ``NUMBA_CACHE_DIR`` names another one."""
    folder = os.environ.get("NUMBA_CACHE_DIR", "")
    return Path(folder).absolute() / "tuitrain" if folder else cache.kernel_folder()


@functools.cache
def _source(module: str) -> str:
    """Return the source of a module, as kernels use other functions and constants of their module.

    Raises
    ------
    OSError : the module has no file
    """
    return inspect.getsource(sys.modules[module])
