"""Every kernel is run for every processor that this machine can stand in for."""

import os

import emulator
import pytest

from tuitrain_core.native.ir.host import HostError, host
from tuitrain_core.native.runtime import library

NEON = os.environ.get("TUITRAIN_EMULATE", "") == "neon"  # as `make neon-test` says
if NEON:
    emulator.install()  # before any test has imported `run`


def _can_be(cpu, monkeypatch):
    monkeypatch.setenv("TUITRAIN_CPU", cpu)
    try:
        host()
    except HostError:
        return False
    return True


with pytest.MonkeyPatch.context() as patch:
    CPUS = [
        cpu
        for cpu in ("skylake-avx512", "haswell", "x86-64", "generic", "")
        if _can_be(cpu, patch) and (cpu or host().lanes == 4)
    ] or [""]
if NEON:
    CPUS = [emulator.CPU]


@pytest.fixture(scope="session", autouse=True)
def _own_folder(tmp_path_factory):
    """Kernels of tests are kept in a folder of their own, so that the user's stays as it is."""
    path = tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "cache_folder", lambda: path)
        yield


@pytest.fixture(params=CPUS, ids=lambda cpu: cpu or "this machine")
def cpu(request, monkeypatch):
    """Emit for one processor."""
    monkeypatch.setenv("TUITRAIN_CPU", request.param)
    return host()
