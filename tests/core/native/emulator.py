"""Kernels for a processor with NEON, run under an emulator by ``make neon-test``.

Every kernel is emitted for AArch64, linked with `emulator.c`, and run by ``qemu-aarch64`` on a copy
of its arrays. From Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import binding as llvm

from tuitrain_core.data import sample_array
from tuitrain_core.native.ir import host
from tuitrain_core.native.runtime import codegen, library
from tuitrain_core.optimizer import update_call

CPU = "neoverse-n1"
COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"
READ_BACKWARDS = {"stop_checks.loss_above"}
"""Kernels that read elements in front of their first array, of the array that it is a view of."""
HERE = Path(__file__).parent


def install() -> None:
    """Compile every kernel for NEON, and run it in the emulator."""
    host.is_x86 = lambda: False
    host.cpu_features = dict
    os.environ[host.TARGET_CPU_VARIABLE] = CPU
    codegen.llvm_target = _target
    library.run = run
    update_call.run = sample_array.run = run  # they have imported it by its name


@functools.cache
def _target() -> Any:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple("aarch64-unknown-linux-gnu")


def run(kernel: library.Kernel, *arguments: Any) -> None:
    """Call a kernel with arrays and integers, like `library.run`."""
    before = [0] * len(arguments)
    if kernel.name in READ_BACKWARDS:
        before[0] = _bytes_before(arguments[0])
    arrays = [
        _bytes_of(argument, ahead) if isinstance(argument, np.ndarray) else None
        for argument, ahead in zip(arguments, before, strict=True)
    ]
    numbers = [
        (-1, int(argument)) if memory is None else (memory.size, ahead)
        for memory, argument, ahead in zip(arrays, arguments, before, strict=True)
    ]
    head = np.array([len(arguments), *[n for pair in numbers for n in pair]], np.int64)
    with tempfile.NamedTemporaryFile(dir=_folder(), suffix=".job") as file:
        path = Path(file.name)
        path.write_bytes(
            b"".join([head.tobytes(), *[m.tobytes() for m in arrays if m is not None]])
        )
        subprocess.run([EMULATOR, str(_program(kernel)), str(path)], check=True, timeout=60)
        result = np.fromfile(path, np.uint8)
    start = 0
    for memory in arrays:
        if memory is not None:
            memory[...] = result[start : start + memory.size]
            start += memory.size


def _bytes_of(array: np.ndarray, before: int = 0) -> np.ndarray:
    """Return the bytes from an array's first element to its last, gaps included.

    Parameters
    ----------
    before : the number of bytes in front of the array to return, too
    """
    low, high = np.lib.array_utils.byte_bounds(array) if array.size else (0, 0)
    memory = (ctypes.c_ubyte * (high - low + before)).from_address(array.ctypes.data - before)
    return np.ctypeslib.as_array(memory)


def _bytes_before(array: np.ndarray) -> int:
    """Return the bytes of the array that another one is a view of, up to the view."""
    return 0 if array.base is None else array.ctypes.data - array.base.ctypes.data


@functools.cache
def _folder() -> str:
    return tempfile.mkdtemp(prefix="tuitrain-neon-")


@functools.cache
def _program(kernel: library.Kernel) -> Path:
    """Return the kernel as a program."""
    path = Path(_folder()) / hashlib.sha256(repr(kernel).encode()).hexdigest()[:16]
    path.with_suffix(".o").write_bytes(kernel.object_code())
    command = [COMPILER, "-O1", "-static", str(HERE / "emulator.c"), f"{path}.o", "-o", str(path)]
    subprocess.run(command, check=True)
    return path
