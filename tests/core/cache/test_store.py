"""The store of kernels: damaged files, full disks and killed processes cost only time."""

import os
import pickle
import signal
import subprocess
import sys

import pytest
from faults import CALLS, ERRORS, fail, with_path

from tuitrain_core.cache import KernelStore, kernel_folder

KEY, CONTENT = "a" * 64, bytes(range(256)) * 10


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "caches" / "kernels"


@pytest.fixture
def store(folder):
    return KernelStore(folder)


def sentences(caplog):
    return [record.getMessage() for record in caplog.records]


def test_another_process_reads_written_content(store, folder, caplog):
    assert store.read(KEY) is None
    store.write(KEY, CONTENT)
    assert store.read(KEY) == KernelStore(folder).read(KEY) == CONTENT
    assert store.read("b" * 64) is None
    assert sentences(caplog) == []


def test_folders_and_files_are_private_with_any_umask(store, folder):
    before = os.umask(0)
    try:
        store.write(KEY, CONTENT)
    finally:
        os.umask(before)
    assert [oct(path.stat().st_mode & 0o777) for path in (folder.parent, folder)] == ["0o700"] * 2
    assert [oct(path.stat().st_mode & 0o777) for path in folder.iterdir()] == ["0o600"]


DAMAGE = {
    "emptied": lambda whole: b"",
    "cut in its header": lambda whole: whole[:10],
    "cut in its digest": lambda whole: whole[:40],
    "cut at its end": lambda whole: whole[:-1],
    "longer": lambda whole: whole + b"\0",
    "zeros": lambda whole: bytes(len(whole)),
    "a bit of the header": lambda whole: flipped(whole, 3),
    "a bit of the digest": lambda whole: flipped(whole, 30),
    "a bit of the content": lambda whole: flipped(whole, -5),
    "the header of an earlier version": lambda whole: whole.replace(b"kernel 2", b"kernel 1"),
    "a pickle": lambda whole: pickle.dumps({"0.1": "of another program"}),
    "text": lambda whole: b"not found\n" * 100,
}


def flipped(whole, place):
    changed = bytearray(whole)
    changed[place] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_not_read_and_can_be_written_again(store, folder, caplog, how):
    store.write(KEY, CONTENT)
    (file,) = folder.iterdir()
    file.write_bytes(DAMAGE[how](file.read_bytes()))
    assert store.read(KEY) is None
    assert sentences(caplog) == [f"damaged kernels in {folder} are compiled again"]
    store.write(KEY, CONTENT)
    assert store.read(KEY) == CONTENT


def test_a_file_of_another_key_is_not_read(store, folder):
    store.write(KEY, CONTENT)
    (folder / KEY).rename(folder / ("b" * 64))
    assert store.read("b" * 64) is None


def test_many_damaged_files_are_logged_once(store, folder, caplog):
    keys = [f"{number:064}" for number in range(20)]
    for key in keys:
        store.write(key, CONTENT)
        (folder / key).write_bytes(b"")
    assert [store.read(key) for key in keys] == [None] * 20
    assert len(sentences(caplog)) == 1


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("call", CALLS)
def test_a_disk_that_cannot_be_written_is_logged_once(
    store, folder, caplog, monkeypatch, call, name
):
    if call != "mkdir":
        store.write("b" * 64, CONTENT)
    with monkeypatch.context() as disk:
        fail(call, name, disk)
        for number in range(5):
            store.write(f"{number:064}", CONTENT)
    (sentence,) = sentences(caplog)
    assert sentence.startswith(f"compiled kernels are not kept in {folder}: ")
    left = sorted(file.name for file in folder.iterdir()) if folder.exists() else []
    assert left == ([] if call == "mkdir" else ["b" * 64])
    store.write(KEY, CONTENT)  # the disk works again
    assert store.read(KEY) == CONTENT


@pytest.mark.parametrize("name", ["ENOSPC", "EIO"])
def test_stored_content_is_read_from_a_full_disk(store, caplog, monkeypatch, name):
    store.write(KEY, CONTENT)
    fail("write", name, monkeypatch)
    assert store.read(KEY) == CONTENT
    assert sentences(caplog) == []


@pytest.mark.parametrize("place", ["kernels", "caches"])
def test_a_file_in_place_of_a_folder_stores_nothing(tmp_path, store, folder, caplog, place):
    if place == "kernels":
        folder.parent.mkdir()
    (tmp_path / "caches" / "kernels" if place == "kernels" else folder.parent).write_bytes(b"")
    store.write(KEY, CONTENT)
    assert store.read(KEY) is None
    assert sentences(caplog) == [f"compiled kernels are not kept in {folder}: Not a directory"]


def test_a_name_that_is_too_long_stores_nothing(folder, caplog):
    store = KernelStore(folder / ("x" * 300))
    store.write(KEY, CONTENT)
    assert store.read(KEY) is None
    assert len(sentences(caplog)) == 1


def test_a_removed_folder_is_created_again(store, folder):
    store.write(KEY, CONTENT)
    (folder / KEY).unlink()
    folder.rmdir()
    assert store.read(KEY) is None
    store.write(KEY, CONTENT)
    assert store.read(KEY) == CONTENT


def test_a_user_without_a_home_stores_nothing(tmp_path, monkeypatch, caplog):
    def unknown(_):
        raise KeyError("no such user")

    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    store = KernelStore(kernel_folder())
    store.write(KEY, CONTENT)
    assert store.read(KEY) is None
    (sentence,) = sentences(caplog)
    assert sentence.endswith("this user has no home folder")
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, pathlib, signal, sys
from tuitrain_core.cache import KernelStore
os.replace = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
KernelStore(pathlib.Path(sys.argv[1])).write("a" * 64, b"half")
"""


def test_a_later_process_removes_the_file_of_a_killed_one(store, folder, caplog):
    for _ in range(2):
        command = [sys.executable, "-c", KILLED, str(folder)]
        process = subprocess.run(command, env=with_path(), timeout=60, check=False)
        assert process.returncode == -signal.SIGKILL
    old, new = folder.iterdir()
    os.utime(old, (0, 0))
    assert store.read(KEY) is None
    store.write(KEY, CONTENT)
    assert store.read(KEY) == CONTENT
    assert {file.name for file in folder.iterdir()} == {KEY, new.name}  # may still be in progress
    assert sentences(caplog) == []
