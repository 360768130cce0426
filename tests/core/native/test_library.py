"""Compiled kernels: found again, in the process and on disk; and the processor they are for."""

import ctypes
import platform
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from tuitrain_core.native.ir.host import HostError, get_host, host
from tuitrain_core.native.linalg import linear
from tuitrain_core.native.runtime import library
from tuitrain_core.native.runtime.library import compile_kernels, run


def double(k, lanes):
    """An emitter: out[i] = in[i] + in[i] for the first lanes."""
    source, out = k.arguments
    value = k.load(source, 0, lanes)
    k.store(k.ir.fadd(value, value), out, 0, lanes)


def check(kernel):
    out = np.zeros(3, np.float32)
    run(kernel, np.arange(3, dtype=np.float32), out)
    np.testing.assert_array_equal(out, [0, 2, 4])


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A folder for compiled kernels, and a process that has compiled none."""
    monkeypatch.setattr(library, "cache_folder", lambda: tmp_path / "kernels")
    monkeypatch.setattr(library, "_kernels", {})
    return tmp_path / "kernels"


@pytest.fixture
def compiled(monkeypatch):
    """What was compiled, rather than loaded."""
    texts, module = [], library._module
    monkeypatch.setattr(library, "_module", lambda text: texts.append(text) or module(text))
    return texts


def again():
    """Return the kernel as another process would get it."""
    library._kernels.clear()
    return library.get_kernel(double, 2, 3)


def test_the_same_parameters_give_the_same_kernel(kept):
    assert library.get_kernel(double, 2, 3) is library.get_kernel(double, 2, 3)
    assert library.get_kernel(double, 2, 3) is not library.get_kernel(double, 2, 2)
    assert linear.forward(3, 4, 3, 4, True, False) is linear.forward(3, 4, 3, 4, True, False)


def test_a_kernel_is_compiled_once_and_then_loaded(kept, compiled):
    check(again())
    check(again())
    check(again())
    assert len(compiled) == len(list(kept.iterdir())) == 1


@pytest.mark.parametrize("size", [0, 5, 40, 200, -1])
def test_a_file_cut_short_is_made_anew(kept, compiled, size):
    check(again())
    (file,) = kept.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:size])
    check(again())
    assert len(compiled) == 2
    assert file.read_bytes() == whole


def test_a_changed_byte_or_another_kernel_under_the_name_is_not_trusted(kept, compiled):
    check(again())
    (file,) = kept.iterdir()
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    check(again())
    assert len(compiled) == 2
    _ = library.get_kernel(double, 2, 1).address
    (other,) = set(kept.iterdir()) - {file}
    file.write_bytes(other.read_bytes())
    check(again())
    assert len(compiled) == 4


@pytest.mark.parametrize("changed", ["source", "processor", "version"])
def test_what_a_kernel_is_made_from_decides_its_name_on_disk(kept, compiled, monkeypatch, changed):
    check(again())
    if changed == "source":
        monkeypatch.setattr(library, "_sources", lambda module: ("another",))
    elif changed == "processor":
        monkeypatch.setenv("TUITRAIN_CPU", "x86-64" if host().lanes > 4 else "")
    else:
        monkeypatch.setattr(library.llvmlite, "__version__", "0.0")
    check(again())
    assert len(list(kept.iterdir())) == len(compiled) == 2


@pytest.mark.parametrize("obstacle", ["a file", "no such name", "others may write to it"])
def test_a_folder_that_cannot_be_used_is_no_error(kept, monkeypatch, compiled, obstacle):
    if obstacle == "a file":
        kept.write_bytes(b"")
    elif obstacle == "no such name":
        monkeypatch.setattr(library, "cache_folder", lambda: kept / ("x" * 300))
    else:
        kept.mkdir()
        kept.chmod(0o777)
    check(again())
    check(again())
    assert len(compiled) == 2


def test_a_full_disk_leaves_nothing_behind(kept, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    check(again())
    assert list(kept.iterdir()) == []


def test_the_listener_is_told_of_each_kernel(kept):
    told = []
    kernels = [library.get_kernel(double, 2, lanes) for lanes in (1, 2, 3, 2)]
    compile_kernels(kernels, lambda *progress: told.append(progress))
    assert told == [(f"test_library.double {n}", n, 3) for n in (1, 2, 3)]


def test_many_threads_may_ask_at_once(kept, compiled):
    addresses = []
    ready = threading.Barrier(8)

    def ask():
        ready.wait()
        addresses.append(library.get_kernel(double, 2, 3).address)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(addresses)) == 1 and len(addresses) == 8
    assert len(compiled) == 1


def test_an_unknown_processor_is_named_with_what_is_allowed(monkeypatch):
    monkeypatch.setenv("TUITRAIN_CPU", "hasswell")
    with pytest.raises(HostError, match="TUITRAIN_CPU='hasswell' is not a known processor") as told:
        host()
    if "haswell" in str(told.value):
        assert "did you mean 'haswell'?" in str(told.value)


def test_a_processor_that_this_machine_is_not_is_refused(monkeypatch):
    get_host.cache_clear()
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", lambda: {"sse2": True})
    try:
        with pytest.raises(HostError, match=r"TUITRAIN_CPU=haswell: .* lacks avx2, fma, bmi2"):
            get_host("haswell")
        assert get_host("x86-64").lanes == get_host("").lanes == 4
        assert not get_host("").fma
    finally:
        get_host.cache_clear()


def test_a_machine_without_fma_never_calls_a_library_for_it(monkeypatch):
    if platform.machine() in {"x86_64", "AMD64"}:
        monkeypatch.setenv("TUITRAIN_CPU", "x86-64")
    kernel = linear.forward(33, 4, 33, 4, True, True)
    assert host().fma or "fma" not in kernel.assembly()


def test_a_kernels_arguments_stay_where_they_are_until_it_returns():
    """Other threads make arrays meanwhile, and would be given the memory of what nobody holds."""
    read = []

    def kernel(place):
        others = [np.full(2, -1) for _ in range(20)]
        read.extend((ctypes.c_int64 * len(others[0])).from_address(place))

    entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(kernel)
    run(SimpleNamespace(address=ctypes.cast(entry, ctypes.c_void_p).value), 5, 7)

    assert read == [5, 7]
