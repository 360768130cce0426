"""Kernels are loaded only from files that no user except this one and root can write."""

import grp
import os
import pwd
from types import SimpleNamespace

import pytest
from faults import give_away

from tuitrain_core.cache import KernelStore

KEY, CONTENT = "a" * 64, b"machine code"


@pytest.fixture
def folder(tmp_path):
    """A folder with a kernel, in a private folder of the user."""
    path = tmp_path / "caches" / "kernels"
    KernelStore(path).write(KEY, CONTENT)
    return path


def logged(caplog):
    (record,) = caplog.records
    return record.getMessage()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702, 0o1777, 0o2770])
def test_a_folder_that_others_may_write_to_is_not_used(folder, caplog, mode):
    folder.chmod(mode)
    store = KernelStore(folder)
    assert store.read(KEY) is None
    store.write("b" * 64, CONTENT)
    assert [file.name for file in folder.iterdir()] == [KEY]
    assert logged(caplog) == (
        f"compiled kernels are not kept in {folder}: "
        f"other users may write to {folder} (chmod go-w forbids it)"
    )


def test_a_folder_that_becomes_writable_for_others_is_no_longer_used(folder, caplog):
    store = KernelStore(folder)
    assert store.read(KEY) == CONTENT
    folder.chmod(0o777)
    assert store.read(KEY) is None
    assert "other users may write to" in logged(caplog)


def test_a_folder_that_replaces_an_open_one_is_ignored(folder):
    store = KernelStore(folder)
    assert store.read(KEY) == CONTENT
    folder.rename(folder.parent / "before")
    KernelStore(folder).write(KEY, b"other code")
    assert store.read(KEY) == CONTENT


@pytest.mark.parametrize("mode", [0o666, 0o660, 0o620, 0o602])
def test_a_file_that_others_may_write_to_is_written_again(folder, caplog, mode):
    (folder / KEY).chmod(mode)
    store = KernelStore(folder)
    assert store.read(KEY) is None
    assert logged(caplog).startswith(
        f"kernels in {folder} are compiled again: other users may write"
    )
    store.write(KEY, CONTENT)
    assert store.read(KEY) == CONTENT
    assert (folder / KEY).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o755, 0o500, 0o700])
def test_others_may_read(folder, caplog, mode):
    folder.chmod(mode)
    (folder / KEY).chmod(0o644)
    assert KernelStore(folder).read(KEY) == CONTENT
    assert caplog.records == []


def test_a_file_of_another_user_is_not_read(folder, caplog, monkeypatch):
    give_away(folder / KEY, monkeypatch)
    assert KernelStore(folder).read(KEY) is None
    assert "belongs to" in logged(caplog) and "this process runs as" in logged(caplog)


@pytest.mark.parametrize("which", ["the folder", "its parent"])
def test_a_folder_of_another_user_is_not_used(folder, caplog, monkeypatch, which):
    give_away(folder if which == "the folder" else folder.parent, monkeypatch)
    store = KernelStore(folder)
    assert store.read(KEY) is None
    store.write("b" * 64, CONTENT)
    assert [file.name for file in folder.iterdir()] == [KEY]
    assert "belongs to" in logged(caplog)


def test_nothing_is_created_in_the_home_of_another_user(tmp_path, caplog, monkeypatch):
    """As with sudo, which may keep the variables of the calling user."""
    home = tmp_path / "home"
    home.mkdir()
    give_away(home, monkeypatch)
    KernelStore(home / ".cache" / "tuitrain" / "kernels").write(KEY, CONTENT)
    assert list(home.iterdir()) == []
    assert "belongs to" in logged(caplog)


@pytest.mark.parametrize("mode", [0o777, 0o707, 0o702])
def test_a_folder_that_others_could_replace_is_not_used(folder, caplog, mode):
    folder.parent.chmod(mode)
    assert KernelStore(folder).read(KEY) is None
    assert f"other users may write to {folder.parent} (" in logged(caplog)


@pytest.mark.parametrize("mode", [0o1777, 0o1770])
def test_a_sticky_parent_folder_is_trusted_like_tmp(folder, caplog, mode):
    folder.parent.chmod(mode)
    assert KernelStore(folder).read(KEY) == CONTENT
    assert caplog.records == []


@pytest.mark.parametrize(
    ("group", "members", "trusted"),
    [("ada", [], True), ("ada", ["ada"], True), ("ada", ["bob"], False), ("staff", [], False)],
)
def test_the_private_group_of_a_user_may_write_to_parent_folders(
    folder, monkeypatch, group, members, trusted
):
    user, entry = SimpleNamespace(pw_name="ada"), SimpleNamespace(gr_name=group, gr_mem=members)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: user)
    monkeypatch.setattr(grp, "getgrgid", lambda _: entry)
    folder.parent.chmod(0o775)
    assert (KernelStore(folder).read(KEY) == CONTENT) is trusted


def test_a_linked_file_is_not_read(folder, caplog):
    (folder / KEY).rename(folder.parent / "elsewhere")
    (folder / KEY).symlink_to(folder.parent / "elsewhere")
    store = KernelStore(folder)
    assert store.read(KEY) is None
    assert logged(caplog) == (
        f"kernels in {folder} are compiled again: one of its files is a symbolic link"
    )
    store.write(KEY, b"other code")
    assert store.read(KEY) == b"other code"
    assert not (folder / KEY).is_symlink()
    assert CONTENT in (folder.parent / "elsewhere").read_bytes()


@pytest.mark.parametrize("kind", ["a pipe", "a folder"])
def test_only_regular_files_are_read(folder, caplog, kind):
    (folder / KEY).unlink()
    (os.mkfifo if kind == "a pipe" else os.mkdir)(folder / KEY)
    assert KernelStore(folder).read(KEY) is None
    assert logged(caplog).endswith("one of its files is not a regular file")


@pytest.mark.parametrize("relative", [True, False])
def test_a_link_of_this_user_is_followed(folder, tmp_path, caplog, relative):
    link = tmp_path / "link"
    link.symlink_to("caches/../caches" if relative else tmp_path / "caches")
    assert KernelStore(link / "kernels").read(KEY) == CONTENT
    assert caplog.records == []


def test_a_link_of_another_user_is_not_followed(folder, tmp_path, caplog, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "caches").symlink_to(tmp_path / "caches")
    give_away(shared / "caches", monkeypatch)
    assert KernelStore(shared / "caches" / "kernels").read(KEY) is None
    assert "belongs to" in logged(caplog)


def test_a_link_into_a_folder_that_others_may_write_to_is_not_used(folder, tmp_path, caplog):
    (tmp_path / "link").symlink_to(folder)
    folder.chmod(0o777)
    assert KernelStore(tmp_path / "link").read(KEY) is None
    assert "other users may write to" in logged(caplog)


def test_circular_links_are_an_error(folder, tmp_path, caplog):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    store = KernelStore(tmp_path / "one" / "kernels")
    store.write(KEY, CONTENT)
    assert store.read(KEY) is None
    assert logged(caplog).endswith("Too many levels of symbolic links")
