"""For which processor kernels are emitted: its vector width, its registers, whether it has FMA."""

from __future__ import annotations

import difflib
import functools
import os
import platform
from dataclasses import dataclass

from llvmlite import binding as llvm

from ...errors import CoreError

TARGET_CPU_VARIABLE = "TUITRAIN_CPU"


class HostError(CoreError):
    """A processor that is not known, or that this machine cannot stand in for."""


@dataclass(frozen=True)
class Host:
    """A processor as the emitters see it.

    Attributes
    ----------
    cpu, features: LLVM's name of the processor, and its features as LLVM takes them; an empty
        string of features means those that come with the name.
    lanes: float32 values in one vector: 16, 8 or 4.
    registers: vector registers: 32 or 16.
    fma: whether a multiplication and an addition are one instruction, rounded once.
    """

    cpu: str
    features: str
    lanes: int
    registers: int
    fma: bool


_AVX512 = ("avx512f", "avx512bw", "avx512dq", "avx512vl", "fma")
_AVX2 = ("avx2", "fma")
_SSE = ("sse2",)

# What each name promises: lanes, registers, FMA, and the features that this machine must have if
# code for the name is to run on it.
_X86: dict[str, tuple[int, int, bool, tuple[str, ...]]] = {
    "x86-64": (4, 16, False, _SSE),
    "x86-64-v2": (4, 16, False, (*_SSE, "sse4.2", "popcnt")),
    "x86-64-v3": (8, 16, True, (*_AVX2, "bmi2")),
    "x86-64-v4": (16, 32, True, _AVX512),
    "nehalem": (4, 16, False, (*_SSE, "sse4.2", "popcnt")),
    "haswell": (8, 16, True, (*_AVX2, "bmi2")),
    "znver2": (8, 16, True, (*_AVX2, "bmi2", "sse4a", "clzero")),
    "znver3": (8, 16, True, (*_AVX2, "bmi2", "sse4a", "clzero", "vaes")),
    "skylake-avx512": (16, 32, True, (*_AVX512, "bmi2", "adx", "clflushopt")),
    "icelake-server": (16, 32, True, (*_AVX512, "bmi2", "avx512vbmi2", "vaes", "gfni")),
}
_ARM: dict[str, tuple[int, int, bool, tuple[str, ...]]] = {
    "generic": (4, 32, True, ()),
    "apple-m1": (4, 32, True, ()),
    "neoverse-n1": (4, 32, True, ()),
}


def host() -> Host:
    """Return this machine, or the processor that the variable ``TUITRAIN_CPU`` names.

    Raises
    ------
    HostError
        A name that is not known, or a processor whose instructions this machine does not have.
    """
    return get_host(os.environ.get(TARGET_CPU_VARIABLE, ""))


@functools.cache
def get_host(cpu: str) -> Host:
    """Return the processor of that name; the empty name is this machine. Raises HostError."""
    here = _features()
    if not cpu:
        return _detected(here)
    table = _X86 if _is_x86() else _ARM
    if cpu not in table:
        raise HostError(_unknown(cpu, table))
    lanes, registers, fma, needed = table[cpu]
    lacking = [name for name in needed if not here.get(name, False)]
    if lacking:
        machine = llvm.get_host_cpu_name()
        raise HostError(
            f"{TARGET_CPU_VARIABLE}={cpu}: this machine ({machine}) lacks {', '.join(lacking)}"
        )
    return Host(cpu, "", lanes, registers, fma)


def _detected(features: dict[str, bool]) -> Host:
    """Return this machine, judged by what it says it can do."""

    def has(names: tuple[str, ...]) -> bool:
        return all(features.get(name, False) for name in names)

    if not _is_x86():
        lanes, registers, fma = 4, 32, True
    elif has(_AVX512):
        lanes, registers, fma = 16, 32, True
    elif features.get("avx2", False):
        lanes, registers, fma = 8, 16, features.get("fma", False)
    else:
        lanes, registers, fma = 4, 16, False
    text = ",".join(("+" if on else "-") + name for name, on in sorted(features.items()))
    return Host(llvm.get_host_cpu_name(), text, lanes, registers, fma)


def _unknown(cpu: str, table: dict[str, tuple[int, int, bool, tuple[str, ...]]]) -> str:
    close = difflib.get_close_matches(cpu, table, 1, 0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{TARGET_CPU_VARIABLE}={cpu!r} is not a known processor ({', '.join(table)}){hint}"


def _is_x86() -> bool:
    return platform.machine().lower() in {"x86_64", "amd64"}


def _features() -> dict[str, bool]:
    return dict(llvm.get_host_cpu_features())
