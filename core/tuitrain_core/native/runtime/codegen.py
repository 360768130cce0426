"""Machine code from LLVM IR: compile, load, disassemble."""

from __future__ import annotations

import functools
from typing import Any

from llvmlite import binding as llvm

from ..ir.host import Host

SYMBOL = "kernel"
"""The name of the function in a kernel's object code."""


def compile_object(text: str, host: Host) -> bytes:
    """Return the object code of a module of IR.

    Runs the code generator alone: LLVM's passes over the IR would take twice its time, and the code
    is no faster for them, since the loops are emitted as they should run.
    """
    return _target_machine(host).emit_object(_parse(text))


def disassemble(text: str, host: Host) -> str:
    """Return the machine code of a module of IR as assembly text."""
    return _target_machine(host).emit_assembly(_parse(text))


def load_object(code: bytes, host: Host) -> tuple[Any, int]:
    """Return the address of a kernel's function, and the engine that the code lives as long as."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine(host))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine, engine.get_function_address(SYMBOL)


@functools.cache
def llvm_target() -> Any:
    """Return LLVM's target of this machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _target_machine(host: Host) -> Any:
    """Return a new target machine: MCJIT takes ownership of the one it gets."""
    return llvm_target().create_target_machine(
        cpu=host.cpu,
        features=host.features,
        opt=3,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )


def _parse(text: str) -> Any:
    module = llvm.parse_assembly(text)
    module.verify()
    return module
