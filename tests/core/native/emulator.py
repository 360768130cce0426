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

from tuitrain_core.native.ir import host
from tuitrain_core.native.runtime import codegen, library

CPU = "neoverse-n1"
COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"
HERE = Path(__file__).parent


def install() -> None:
    """Compile every kernel for NEON, and run it in the emulator."""
    host.is_x86 = lambda: False
    host.cpu_features = dict
    os.environ[host.TARGET_CPU_VARIABLE] = CPU
    codegen.llvm_target = _target
    library.run = run


@functools.cache
def _target() -> Any:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple("aarch64-unknown-linux-gnu")


def run(kernel: library.Kernel, *arguments: Any) -> None:
    """Call a kernel with arrays and integers, like `library.run`."""
    arrays = [_bytes_of(a) if isinstance(a, np.ndarray) else None for a in arguments]
    numbers = [
        (-1, int(argument)) if memory is None else (memory.size, 0)
        for memory, argument in zip(arrays, arguments, strict=True)
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


def _bytes_of(array: np.ndarray) -> np.ndarray:
    """Return the bytes from an array's first element to its last, gaps included."""
    low, high = np.lib.array_utils.byte_bounds(array) if array.size else (0, 0)
    memory = (ctypes.c_ubyte * (high - low)).from_address(array.ctypes.data)
    return np.ctypeslib.as_array(memory)


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
