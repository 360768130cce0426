"""Compiled kernels: made on first use, once in a process, and kept on disk for the next.

What is on disk is found by the content of what it is made from: the emitters' source, their
parameters, the processor, LLVM's version. (Not by the IR: writing it takes ten times as long as
loading the code.) What makes it fit to be used, `tuitrain_core.cache` decides. A folder that cannot
be read or written costs time, never an error.
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
from typing import Any

import llvmlite
import numpy as np
from llvmlite import binding as llvm

from ... import cache
from ..ir.builder import Builder
from ..ir.host import Host, host

# Told after each kernel: its name, how many of them are ready, how many were asked for.
OnProgress = Callable[[str, int, int], None]

_PACKAGE = "tuitrain_core.native"
_SYMBOL = "kernel"
_lock = threading.RLock()
_kernels: dict[Any, Kernel] = {}


class Kernel:
    """A compiled function ``void(int64 *arguments)``; compiled when its address is first asked for.

    Attributes
    ----------
    name: says what it computes, with its sizes.
    host: the processor that it is for.
    """

    def __init__(
        self, emit: Callable[..., None], arguments: int, parameters: tuple[Any, ...], on: Host
    ) -> None:
        module = emit.__module__.rpartition(".")[2]
        self.name = " ".join(map(str, (f"{module}.{emit.__name__.strip('_')}", *parameters)))
        self.host = on
        self._emit = emit
        self._arguments = arguments
        self._parameters = parameters
        self._engine: Any = None  # the code lives as long as its engine
        self._address = 0

    @property
    def address(self) -> int:
        """Where the code is. Compiles it, or loads it from disk, the first time."""
        if not self._address:
            with _lock:
                if not self._address:
                    self._engine, self._address = _load(self._object(), self.host)
        return self._address

    def ir(self) -> str:
        """Return the kernel as LLVM's IR."""
        builder = Builder(_SYMBOL, self._arguments, self.host)
        self._emit(builder, *self._parameters)
        return builder.finish()

    def assembly(self) -> str:
        """Return the machine code as text, to be read by people."""
        with _lock:
            return _machine(self.host).emit_assembly(_module(self.ir()))

    def _object(self) -> bytes:
        """Return the object code: from disk if it is there and can be trusted, else compiled."""
        key = self._key()
        store = cache.get_store(cache_folder())
        code = store.read(key)
        if code is None:
            # The code generator alone: LLVM's passes over the IR take twice its time, and the code
            # is no faster for it, since the loops are written as they should run.
            code = _machine(self.host).emit_object(_module(self.ir()))
            store.write(key, code)
        return code

    def _key(self) -> str:
        made_from = (
            *_sources(self._emit.__module__),
            f"{self._emit.__module__}.{self._emit.__qualname__}",
            repr(self._parameters),
            repr(self.host),
            f"llvmlite {llvmlite.__version__}, LLVM {llvm.llvm_version_info}",
        )
        return hashlib.sha256("\0".join(made_from).encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Kernel({self.name!r}, {self.host.cpu})"


def get_kernel(emit: Callable[..., None], arguments: int, *parameters: Any) -> Kernel:
    """Return the kernel that emit(builder, *parameters) writes; the same object for the same ones.

    arguments: the number of int64 values that it is called with.
    """
    on = host()
    key = (emit.__module__, emit.__qualname__, parameters, on)
    with _lock:
        if key not in _kernels:
            _kernels[key] = Kernel(emit, arguments, parameters, on)
        return _kernels[key]


def compile_kernels(kernels: Iterable[Kernel], on_progress: OnProgress | None = None) -> None:
    """Compile the kernels that are not compiled yet, and tell the listener after each."""
    wanted = list(dict.fromkeys(kernels))
    for done, each in enumerate(wanted, 1):
        _ = each.address
        if on_progress is not None:
            on_progress(each.name, done, len(wanted))


def cache_folder() -> Path:
    """Return where compiled kernels are kept."""
    return cache.kernel_folder()


@functools.cache
def _sources(module: str) -> tuple[str, ...]:
    """Return the source of this package and of the module that an emitter stands in."""
    own = tuple(_texts(importlib.resources.files(_PACKAGE)))
    if module.startswith(f"{_PACKAGE}."):
        return own
    return (*own, inspect.getsource(sys.modules[module]))


def _texts(folder: Traversable) -> Iterator[str]:
    """Return the source files of a folder and its subfolders, in the order of their names."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            yield entry.read_text("utf-8")
        elif entry.is_dir():
            yield from _texts(entry)


@functools.cache
def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _machine(on: Host) -> Any:
    # A machine for each use: MCJIT takes over the one that it is given.
    return _target().create_target_machine(
        cpu=on.cpu, features=on.features, opt=3, reloc="default", codemodel="jitdefault", jit=True
    )


def _module(text: str) -> Any:
    module = llvm.parse_assembly(text)
    module.verify()
    return module


def _load(code: bytes, on: Host) -> tuple[Any, int]:
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(on))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine, engine.get_function_address(_SYMBOL)


def run(kernel: Kernel, *arguments: Any) -> None:
    """Call a kernel with arrays and integers; other Python threads run meanwhile."""
    given = argument_block(
        *arguments
    )  # has a name: an unnamed one would be gone, and its memory another's
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(kernel.address)(given.ctypes.data)


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
