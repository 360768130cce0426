"""The disk cache of compiled kernels, shared by all processes of a user.

A cached kernel is machine code, and for Numba a pickle: loading one runs it. So a folder is used
only if no user except this one and root can write to it (`trust`), and a file only if its digest is
right (`store`). A cache that cannot be used costs time and one line in the log: the kernels are
compiled again.
"""

from .store import KernelStore, get_store, kernel_folder

__all__ = ["KernelStore", "kernel_folder", "get_store"]
