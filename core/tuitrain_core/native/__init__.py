"""Native kernels: emitted as LLVM IR with explicit vectors, compiled in the process, float32 only.

`ir` is the language that kernels are written in; `runtime` compiles, keeps and runs them. The other
packages define kernels by subject. A kernel takes addresses and integers and checks no shapes.
"""

from .ir.host import host
from .runtime.library import Kernel, compile_kernels

__all__ = ["Kernel", "compile_kernels", "host"]
