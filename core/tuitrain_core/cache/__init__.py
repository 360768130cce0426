"""Compiled kernels on disk: what one process has compiled, the next one loads.

A cached kernel is machine code, and for Numba also a pickle: loading one runs it. So a cache is
used only if this user or root alone can have written it (`trust`), and a file only if its digest is
right (`store`). Whatever is wrong with a cache costs time, and one line in the log: the kernels are
compiled.
"""

from .store import KernelStore, get_store, kernel_folder

__all__ = ["KernelStore", "kernel_folder", "get_store"]
