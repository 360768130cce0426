"""Compiled kernels are found again in the process and on disk; the processor they are for."""

import ctypes
import platform
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from tuitrain_core.native.ir.host import HostError, get_host, host, is_x86
from tuitrain_core.native.linalg import linear
from tuitrain_core.native.runtime import library
from tuitrain_core.native.runtime.library import (
    compile_kernels,
    forget_kernels,
    get_kernel,
    run,
    statistics,
)


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
def folder(tmp_path, monkeypatch):
    """A folder for compiled kernels, and a process that has compiled none."""
    monkeypatch.setattr(library, "cache_folder", lambda: tmp_path / "kernels")
    forget_kernels()
    return tmp_path / "kernels"


@pytest.fixture
def compile_count():
    """A function that returns how many kernels the test has compiled, rather than loaded."""
    before = statistics().compiled
    return lambda: statistics().compiled - before


def reloaded():
    """Return the kernel as another process would get it."""
    forget_kernels()
    return get_kernel(double, 2, 3)


def test_the_same_parameters_give_the_same_kernel(folder):
    assert get_kernel(double, 2, 3) is get_kernel(double, 2, 3)
    assert get_kernel(double, 2, 3) is not get_kernel(double, 2, 2)
    assert linear.forward(3, 4, 3, 4, True, False) is linear.forward(3, 4, 3, 4, True, False)


def test_a_kernel_is_compiled_once_and_then_loaded(folder, compile_count):
    check(reloaded())
    check(reloaded())
    check(reloaded())
    assert compile_count() == len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("size", [0, 5, 40, 200, -1])
def test_a_truncated_file_is_compiled_again(folder, compile_count, size):
    check(reloaded())
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:size])
    check(reloaded())
    assert compile_count() == 2
    assert file.read_bytes() == whole


def test_a_changed_byte_or_another_kernel_under_the_name_is_compiled_again(folder, compile_count):
    check(reloaded())
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    check(reloaded())
    assert compile_count() == 2
    _ = get_kernel(double, 2, 1).address
    (other,) = set(folder.iterdir()) - {file}
    file.write_bytes(other.read_bytes())
    check(reloaded())
    assert compile_count() == 4


@pytest.mark.parametrize("changed", ["source", "processor", "version"])
def test_the_file_of_a_kernel_depends_on_its_source_processor_and_version(
    folder, compile_count, monkeypatch, changed
):
    check(reloaded())
    if changed == "source":
        monkeypatch.setattr(library, "read_sources", lambda module: ("another",))
    elif changed == "processor":
        monkeypatch.setenv("TUITRAIN_TARGET_CPU", "x86-64" if host().lanes > 4 else "")
    else:
        monkeypatch.setattr(library.llvmlite, "__version__", "0.0")
    check(reloaded())
    assert len(list(folder.iterdir())) == compile_count() == 2


@pytest.mark.parametrize("obstacle", ["a file", "no such name", "others may write to it"])
def test_an_unusable_folder_is_no_error(folder, monkeypatch, compile_count, obstacle):
    if obstacle == "a file":
        folder.write_bytes(b"")
    elif obstacle == "no such name":
        monkeypatch.setattr(library, "cache_folder", lambda: folder / ("x" * 300))
    else:
        folder.mkdir()
        folder.chmod(0o777)
    check(reloaded())
    check(reloaded())
    assert compile_count() == 2


def test_a_full_disk_leaves_nothing_behind(folder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    check(reloaded())
    assert list(folder.iterdir()) == []


def test_progress_is_reported_after_every_kernel(folder):
    reports = []
    kernels = [get_kernel(double, 2, lanes) for lanes in (1, 2, 3, 2)]
    compile_kernels(kernels, lambda *progress: reports.append(progress))
    assert reports == [(f"test_library.double {n}", n, 3) for n in (1, 2, 3)]


def test_threads_that_read_an_address_together_get_one_kernel(folder, compile_count):
    addresses = []
    ready = threading.Barrier(8)

    def read_address():
        ready.wait()
        addresses.append(get_kernel(double, 2, 3).address)

    threads = [threading.Thread(target=read_address) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(addresses)) == 1 and len(addresses) == 8
    assert compile_count() == 1


def test_an_unknown_processor_is_an_error_that_names_the_nearest(monkeypatch):
    monkeypatch.setenv("TUITRAIN_TARGET_CPU", "hasswell")
    with pytest.raises(
        HostError, match="TUITRAIN_TARGET_CPU='hasswell' is not a known processor"
    ) as error:
        host()
    if "haswell" in str(error.value):
        assert "did you mean 'haswell'?" in str(error.value)


def test_the_earlier_name_of_the_variable_is_read_where_the_new_one_is_empty(monkeypatch):
    monkeypatch.setenv("TUITRAIN_TARGET_CPU", "")
    monkeypatch.setenv("TUITRAIN_CPU", "hasswell")
    with pytest.raises(HostError, match="TUITRAIN_CPU='hasswell' is not a known processor"):
        host()
    name = "x86-64" if is_x86() else "generic"
    monkeypatch.setenv("TUITRAIN_TARGET_CPU", name)
    assert host().cpu == name


def test_a_processor_whose_features_this_machine_lacks_is_an_error(monkeypatch):
    get_host.cache_clear()
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", lambda: {"sse2": True})
    try:
        with pytest.raises(
            HostError, match=r"TUITRAIN_TARGET_CPU=haswell: .* lacks avx2, fma, bmi2"
        ):
            get_host("haswell")
        assert get_host("x86-64").lanes == get_host("").lanes == 4
        assert not get_host("").fma
    finally:
        get_host.cache_clear()


def test_code_for_a_processor_without_fma_does_not_call_it(monkeypatch):
    if platform.machine() in {"x86_64", "AMD64"}:
        monkeypatch.setenv("TUITRAIN_TARGET_CPU", "x86-64")
    kernel = linear.forward(33, 4, 33, 4, True, True)
    assert host().fma or "fma" not in kernel.assembly()


def test_the_argument_block_lives_until_the_kernel_returns():
    """Otherwise arrays that other threads make meanwhile could get its memory."""
    read = []

    def kernel(place):
        others = [np.full(2, -1) for _ in range(20)]
        read.extend((ctypes.c_int64 * len(others[0])).from_address(place))

    entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(kernel)
    run(SimpleNamespace(address=ctypes.cast(entry, ctypes.c_void_p).value), 5, 7)

    assert read == [5, 7]
