"""The library of kernels: every kernel is compiled once, and kept on disk for the next process.

A kernel's key on disk is a digest of what it is made from: the emitters' source, its parameters,
the processor, LLVM's version. (Not of the IR: writing IR takes ten times as long as loading code.)
`tuitrain_core.cache` decides whether a file is trusted. A folder that cannot be read or written
costs time and raises no error.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.resources
import inspect
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import numpy as np
from llvmlite import binding as llvm

from ... import cache
from ..ir.builder import Builder
from ..ir.host import Host, host
from . import codegen

OnProgress = Callable[[str, int, int], None]
"""Called after every kernel: its name, the number of ready kernels, the number of all."""

_PACKAGE = "tuitrain_core.native"
_lock = threading.RLock()
_kernels: dict[Any, Kernel] = {}


class Statistics(NamedTuple):
    """The kernels that this process compiled, and those that it loaded from disk."""

    compiled: int = 0
    loaded: int = 0


_statistics = Statistics()


class Kernel:
    """A native function ``void(int64 *arguments)``, compiled when its address is first read.

    Attributes
    ----------
    name : its module, function and parameters
    host : the processor that it is compiled for
    """

    def __init__(
        self, emit: Callable[..., None], arguments: int, parameters: tuple[Any, ...], host: Host
    ) -> None:
        module = emit.__module__.rpartition(".")[2]
        self.name = " ".join(map(str, (f"{module}.{emit.__name__.strip('_')}", *parameters)))
        self.host = host
        self._emit = emit
        self._arguments = arguments
        self._parameters = parameters
        self._engine: Any = None  # the code lives as long as its engine
        self._address = 0

    @property
    def address(self) -> int:
        """Address of the code; the first access compiles it or loads it from disk."""
        if not self._address:
            with _lock:
                if not self._address:
                    code = self.object_code()
                    self._engine, self._address = codegen.load_object(code, self.host)
        return self._address

    def for_host(self, target: Host) -> Kernel:
        """Return the same kernel for another processor, or for other tiles."""
        return Kernel(self._emit, self._arguments, self._parameters, target)

    def ir(self) -> str:
        """Return the kernel as LLVM IR."""
        builder = Builder(codegen.SYMBOL, self._arguments, self.host)
        self._emit(builder, *self._parameters)
        return builder.finish()

    def assembly(self) -> str:
        """Return the machine code as assembly text."""
        with _lock:
            return codegen.disassemble(self.ir(), self.host)

    def object_code(self) -> bytes:
        """Return the object code: from disk if a trusted file has it, else compiled."""
        key = self._key()
        store = cache.get_store(cache_folder())
        code = store.read(key)
        if code is None:
            code = codegen.compile_object(self.ir(), self.host)
            store.write(key, code)
            _count(compiled=1)
        else:
            _count(loaded=1)
        return code

    def _key(self) -> str:
        parts = (
            *made_from(self._emit.__module__, self.host),
            f"{self._emit.__module__}.{self._emit.__qualname__}",
            repr(self._parameters),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Kernel({self.name!r}, {self.host.cpu})"


def get_kernel(emit: Callable[..., None], arguments: int, *parameters: Any) -> Kernel:
    """Return the kernel that emit(builder, *parameters) writes; equal calls get one object.

    arguments: the number of int64 values that the kernel takes.
    """
    target = host()
    key = (emit.__module__, emit.__qualname__, parameters, target)
    with _lock:
        if key not in _kernels:
            _kernels[key] = Kernel(emit, arguments, parameters, target)
        return _kernels[key]


def compile_kernels(kernels: Iterable[Kernel], on_progress: OnProgress | None = None) -> None:
    """Compile the kernels that are not compiled yet."""
    unique = list(dict.fromkeys(kernels))
    for done, kernel in enumerate(unique, 1):
        _ = kernel.address
        if on_progress is not None:
            on_progress(kernel.name, done, len(unique))


def statistics() -> Statistics:
    """Return how many kernels this process has compiled, and how many it has loaded."""
    return _statistics


def forget_kernels() -> None:
    """Drop all kernels of this process; the next ones are loaded or compiled like in a new one."""
    with _lock:
        _kernels.clear()


def cache_folder() -> Path:
    """Return the folder of compiled kernels."""
    return cache.kernel_folder()


def made_from(module: str, target: Host) -> tuple[str, ...]:
    """Return what decides the code of all kernels of a module: sources, processor, versions."""
    llvm_version = f"llvmlite {llvmlite.__version__}, LLVM {llvm.llvm_version_info}"
    return *read_sources(module), repr(target), llvm_version


@functools.cache
def read_sources(module: str) -> tuple[str, ...]:
    """Return the source of the native package, and of an emitter's module outside of it."""
    sources = tuple(_read_folder(importlib.resources.files(_PACKAGE)))
    if module.startswith(f"{_PACKAGE}."):
        return sources
    return (*sources, inspect.getsource(sys.modules[module]))


def _read_folder(folder: Traversable) -> Iterator[str]:
    """Return the source files of a folder and its subfolders, in the order of their names."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            yield entry.read_text("utf-8")
        elif entry.is_dir():
            yield from _read_folder(entry)


def _count(compiled: int = 0, loaded: int = 0) -> None:
    global _statistics  # noqa: PLW0603 - replaced as a whole, so that a reader needs no lock
    _statistics = Statistics(_statistics.compiled + compiled, _statistics.loaded + loaded)


def run(kernel: Kernel, *arguments: Any) -> None:
    """Call a kernel with arrays and integers, without the interpreter's lock."""
    values = argument_block(*arguments)  # needs a name: the memory of an unnamed one is reused
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(kernel.address)(values.ctypes.data)


def argument_block(*arguments: Any) -> np.ndarray[Any, Any]:
    """Return an argument block: the addresses of arrays, and integers as they are."""
    values = [_address(a) if isinstance(a, np.ndarray) else int(a) for a in arguments]
    return np.array(values, np.int64)


def _address(array: Any) -> int:
    """Return the address of an array's first element: of a writable one in .5 µs, not in 2."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))
    except (TypeError, ValueError):  # read-only, empty, or not contiguous
        return array.ctypes.data
