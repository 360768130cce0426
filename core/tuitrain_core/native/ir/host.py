"""The processor that kernels are compiled for: vector width, registers, fused multiply-add."""

from __future__ import annotations

import difflib
import functools
import os
import platform
from dataclasses import dataclass, replace
from pathlib import Path

from llvmlite import binding as llvm

from ...errors import CoreError
from .tiles import TILES_VARIABLE, TileOptions, Tiles, TilesError, parse_tiles, tile_options

TARGET_CPU_VARIABLE = "TUITRAIN_TARGET_CPU"
"""The environment variable that names another processor to compile for."""

OLD_VARIABLE = "TUITRAIN_CPU"
"""The earlier name of that variable; read where the new one is not set or is empty."""


class HostError(CoreError):
    """An unknown processor, or one whose instructions this machine lacks."""


@dataclass(frozen=True)
class Host:
    """A processor as the emitters see it.

    Attributes
    ----------
    cpu, features : LLVM's name of the processor, and its features as LLVM takes them; an empty
        string means the features that the name implies
    lanes : float32 values in one vector: 16, 8 or 4
    registers : vector registers: 32 or 16
    fma : whether a multiplication and an addition are one instruction, rounded once
    tiles : the shapes of register tiles; bits do not depend on them
    """

    cpu: str
    features: str
    lanes: int
    registers: int
    fma: bool
    tiles: Tiles

    @property
    def tile_options(self) -> TileOptions:
        """The shapes of register tiles to choose from."""
        return tile_options(self.lanes, self.registers)

    def with_tiles(self, tiles: Tiles) -> Host:
        """Return this processor with other shapes of register tiles."""
        return replace(self, tiles=tiles)

    def round_up(self, floats: int) -> int:
        """Round floats up to whole vectors."""
        return -(-floats // self.lanes) * self.lanes


_AVX512 = ("avx512f", "avx512bw", "avx512dq", "avx512vl", "fma")
_AVX2 = ("avx2", "fma")
_SSE = ("sse2",)

# For each name: lanes, registers, FMA, and the features that this machine needs to run its code.
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
    """Return the processor that ``TUITRAIN_TARGET_CPU`` names; by default this machine.

    ``TUITRAIN_CPU``, the variable's earlier name, is read if the new one is not set. Its tiles are
    those that ``TUITRAIN_TILES`` names, else those of `set_tiles`, else the default.

    Raises
    ------
    HostError
        An unknown name, a processor whose instructions this machine lacks, or unknown tiles.
    """
    target = untuned_host()
    text = os.environ.get(TILES_VARIABLE, "")
    return _with_named_tiles(target, text) if text else _tuned.get(target, target)


def untuned_host() -> Host:
    """Return the processor of `host` with the default tiles."""
    for variable in (TARGET_CPU_VARIABLE, OLD_VARIABLE):
        cpu = os.environ.get(variable, "")
        if cpu:
            return get_host(cpu, variable)
    return get_host("")


def set_tiles(target: Host, tiles: Tiles) -> None:
    """Set the tiles of a processor of `untuned_host` for this process."""
    _tuned[target] = target.with_tiles(tiles)


_tuned: dict[Host, Host] = {}


@functools.cache
def _with_named_tiles(target: Host, text: str) -> Host:
    try:
        return target.with_tiles(parse_tiles(text, target.tile_options))
    except TilesError as error:
        raise HostError(f"{TILES_VARIABLE}: {error}") from None


@functools.cache
def get_host(cpu: str, variable: str = TARGET_CPU_VARIABLE) -> Host:
    """Return the processor of that name; the empty name means this machine.

    variable: where the name comes from, for the text of a HostError.
    """
    features = cpu_features()
    if not cpu:
        return _detect(features)
    table = _X86 if is_x86() else _ARM
    if cpu not in table:
        raise HostError(_unknown(cpu, variable, table))
    lanes, registers, fma, needed = table[cpu]
    missing = [name for name in needed if not features.get(name, False)]
    if missing:
        machine = llvm.get_host_cpu_name()
        raise HostError(f"{variable}={cpu}: this machine ({machine}) lacks {', '.join(missing)}")
    return Host(cpu, "", lanes, registers, fma, tile_options(lanes, registers).default)


def is_x86() -> bool:
    """Return whether this machine has an x86 processor of 64 bits."""
    return platform.machine().lower() in {"x86_64", "amd64"}


@functools.cache
def machine_name() -> str:
    """Return the name of this machine's processor, as its vendor gives it if the system says so."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            lines = [line for line in file if line.startswith("model name")]
    except OSError:
        lines = []
    return lines[0].strip() if lines else f"{llvm.get_host_cpu_name()} {platform.processor()}"


def cpu_features() -> dict[str, bool]:
    """Return LLVM's features of this machine, and whether it has them."""
    return dict(llvm.get_host_cpu_features())


def _detect(features: dict[str, bool]) -> Host:
    """Return this machine, from its features."""

    def has(names: tuple[str, ...]) -> bool:
        return all(features.get(name, False) for name in names)

    if not is_x86():
        lanes, registers, fma = 4, 32, True
    elif has(_AVX512):
        lanes, registers, fma = 16, 32, True
    elif features.get("avx2", False):
        lanes, registers, fma = 8, 16, features.get("fma", False)
    else:
        lanes, registers, fma = 4, 16, False
    text = ",".join(("+" if on else "-") + name for name, on in sorted(features.items()))
    tiles = tile_options(lanes, registers).default
    return Host(llvm.get_host_cpu_name(), text, lanes, registers, fma, tiles)


def _unknown(
    cpu: str, variable: str, table: dict[str, tuple[int, int, bool, tuple[str, ...]]]
) -> str:
    close = difflib.get_close_matches(cpu, table, 1, 0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{variable}={cpu!r} is not a known processor ({', '.join(table)}){hint}"
