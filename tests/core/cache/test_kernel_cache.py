"""Functions compiled by Numba are cached under the same conditions as native kernels."""

import importlib
import inspect
import os
import pickle
import subprocess
import sys

import numba
import numpy as np
import pytest
from faults import CALLS, ERRORS, fail, give_away, with_path
from numba.core import event

from tuitrain_core.cache import KernelStore, get_store

SOURCE = """
from tuitrain_core.kernels.jit import kernel

@kernel
def doubled(x):
    return x + x
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of a user who has compiled one kernel."""
    (tmp_path / "kernels_of_the_test.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    assert compiled() == 1
    assert compiled() == 0
    return tmp_path / "numba" / "tuitrain"


def compiled():
    """Call the kernel as a new process would, and return how many times it was compiled."""
    get_store.cache_clear()
    sys.modules.pop("kernels_of_the_test", None)
    module = importlib.import_module("kernels_of_the_test")
    with event.install_recorder("numba:compile") as recorder:
        assert module.doubled(np.float32(2.5)) == 5.0
    return sum(record.is_start for _, record in recorder.buffer)


def file_of(folder):
    (file,) = folder.iterdir()
    return file


DAMAGE = {
    "emptied": lambda whole: b"",
    "cut": lambda whole: whole[: len(whole) // 2],
    "a bit": lambda whole: whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:],
    "noise": lambda whole: np.random.default_rng(0).bytes(5000),
    "a pickle": lambda whole: pickle.dumps(numba.__version__) + pickle.dumps((1.0, {})),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_kernel_is_compiled_again_once(folder, caplog, how):
    file = file_of(folder)
    whole = file.read_bytes()
    file.write_bytes(DAMAGE[how](whole))
    assert compiled() == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"damaged kernels in {folder} are compiled again"
    ]
    assert compiled() == 0


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps((1, 2, 3))])
def test_an_intact_file_that_numba_cannot_load_is_compiled_again(folder, caplog, content):
    KernelStore(folder).write(file_of(folder).name, content)
    assert compiled() == 1
    assert len(caplog.records) == 1
    assert compiled() == 0


class Planted:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.makedirs, (str(self.folder), 0o700, True)


def make_untrusted(how, folder, monkeypatch):
    file = file_of(folder)
    if how == "a file of another user":
        give_away(file, monkeypatch)
    elif how == "a folder of another user":
        give_away(folder, monkeypatch)
    elif how == "a file that others may write to":
        file.chmod(0o666)
    elif how == "a folder that others may write to":
        folder.chmod(0o777)
    elif how == "a folder that others may exchange":
        folder.parent.chmod(0o777)
    elif how == "a link":
        file.rename(folder.parent / "elsewhere")
        file.symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize(
    "how",
    [
        "a file of another user",
        "a folder of another user",
        "a file that others may write to",
        "a folder that others may write to",
        "a folder that others may exchange",
        "a link",
        "",
    ],
)
def test_code_that_another_user_may_have_written_is_not_run(
    folder, tmp_path, caplog, monkeypatch, how
):
    KernelStore(folder).write(file_of(folder).name, pickle.dumps(Planted(tmp_path / "ran")))
    make_untrusted(how, folder, monkeypatch)
    assert compiled() == 1
    assert len(caplog.records) == 1
    assert (tmp_path / "ran").exists() is (how == "")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", [ERRORS[0], ERRORS[2]])
def test_a_kernel_runs_where_nothing_can_be_stored(folder, caplog, monkeypatch, call, name):
    file_of(folder).unlink()
    folder.rmdir()
    fail(call, name, monkeypatch)
    assert compiled() == 1
    assert compiled() == 1
    assert len(caplog.records) == 2  # one in each process


def test_a_changed_kernel_is_compiled(folder, tmp_path, caplog):
    (tmp_path / "kernels_of_the_test.py").write_text(SOURCE.replace("x + x", "2 * x"))
    importlib.invalidate_caches()
    inspect.linecache.clearcache()
    assert len(list(folder.iterdir())) == 1
    assert run_in_process(tmp_path) == "5.0\n"
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("version", ["numba.__version__", "llvmlite.__version__", "sys.version"])
@pytest.mark.slow
def test_files_of_other_versions_stay_unchanged(folder, tmp_path, version):
    before = file_of(folder).read_bytes()
    assert run_in_process(tmp_path, f"{version} = '0.1'") == "5.0\n"
    assert len(list(folder.iterdir())) == 2
    assert before in [file.read_bytes() for file in folder.iterdir()]


def test_a_kernel_runs_with_numba_disabled(folder, monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert compiled() == 0


def script(tmp_path, first="pass"):
    text = f"import llvmlite, numba, sys\n{first}\nimport numpy, kernels_of_the_test as kernels\n"
    return [sys.executable, "-c", text + "print(kernels.doubled(numpy.float32(2.5)))"]


def run_in_process(tmp_path, first="pass"):
    """Call the kernel in its own process, and return all of its output."""
    process = subprocess.run(
        script(tmp_path, first),
        check=False,
        env=with_path(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return process.stdout


def test_two_processes_that_start_together_store_one_file(folder, tmp_path):
    file_of(folder).unlink()
    with (
        subprocess.Popen(
            script(tmp_path),
            env=with_path(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as one,
        subprocess.Popen(
            script(tmp_path),
            env=with_path(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as other,
    ):
        assert [process.communicate(timeout=120)[0] for process in (one, other)] == ["5.0\n"] * 2
    assert len(list(folder.iterdir())) == 1
    assert compiled() == 0
