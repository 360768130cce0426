"""Every kernel is tested for every processor whose code this machine can run."""

import os

import emulator
import pytest

from tuitrain_core.native.ir.host import HostError, host
from tuitrain_core.native.runtime import library

NEON = os.environ.get("TUITRAIN_EMULATE", "") == "neon"  # set by `make neon-test`
if NEON:
    emulator.install()  # before any test has imported `run`


def _is_supported(cpu, monkeypatch):
    monkeypatch.setenv("TUITRAIN_TARGET_CPU", cpu)
    try:
        host()
    except HostError:
        return False
    return True


with pytest.MonkeyPatch.context() as patch:
    CPUS = [
        cpu
        for cpu in ("skylake-avx512", "haswell", "x86-64", "generic", "")
        if _is_supported(cpu, patch) and (cpu or host().lanes == 4)
    ] or [""]
if NEON:
    CPUS = [emulator.CPU]


@pytest.fixture(scope="session", autouse=True)
def _own_folder(tmp_path_factory):
    """Keep the kernels of tests out of the user's folder."""
    path = tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "cache_folder", lambda: path)
        yield


PARAMS = [
    pytest.param(cpu, marks=[] if cpu == CPUS[-1] else pytest.mark.slow, id=cpu or "this machine")
    for cpu in CPUS
]
"""The quick tests have this machine's processor alone."""


@pytest.fixture(params=PARAMS)
def cpu(request, monkeypatch):
    """Emit for one processor."""
    monkeypatch.setenv("TUITRAIN_TARGET_CPU", request.param)
    return host()


@pytest.fixture
def each_tiles(cpu, monkeypatch):
    """Return a function that sets the processor's tiles one after the other, and yields them."""

    def iterate():
        for name in ("product", "dot", "halves"):
            for tiles in cpu.tile_options.variants(name):
                monkeypatch.setenv("TUITRAIN_TILES", str(tiles))
                yield tiles

    return iterate
