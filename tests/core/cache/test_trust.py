"""Compiled kernels are loaded only where no user but this one, or root, can have written them."""

import grp
import os
import pwd
from types import SimpleNamespace

import pytest
from strangers import give_away

from tuitrain_core.cache import KernelStore

KEY, CONTENT = "a" * 64, b"machine code"


@pytest.fixture
def folder(tmp_path):
    """A folder with a kernel, below one of the user's."""
    path = tmp_path / "caches" / "kernels"
    KernelStore(path).write(KEY, CONTENT)
    return path


def told(caplog):
    (record,) = caplog.records
    return record.getMessage()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702, 0o1777, 0o2770])
def test_a_folder_that_others_may_write_to_is_not_used(folder, caplog, mode):
    folder.chmod(mode)
    store = KernelStore(folder)
    assert store.read(KEY) is None
    store.write("b" * 64, CONTENT)
    assert [each.name for each in folder.iterdir()] == [KEY]
    assert told(caplog) == (
        f"compiled kernels are not kept in {folder}: "
        f"other users may write to {folder} (chmod go-w forbids it)"
    )


def test_a_folder_that_is_opened_to_others_meanwhile_is_no_longer_used(folder, caplog):
    store = KernelStore(folder)
    assert store.read(KEY) == CONTENT
    folder.chmod(0o777)
    assert store.read(KEY) is None
    assert "other users may write to" in told(caplog)


def test_a_folder_that_is_exchanged_meanwhile_is_not_looked_at(folder):
    store = KernelStore(folder)
    assert store.read(KEY) == CONTENT
    folder.rename(folder.parent / "before")
    KernelStore(folder).write(KEY, b"other code")
    assert store.read(KEY) == CONTENT


@pytest.mark.parametrize("mode", [0o666, 0o660, 0o620, 0o602])
def test_a_file_that_others_may_write_to_is_written_anew(folder, caplog, mode):
    (folder / KEY).chmod(mode)
    store = KernelStore(folder)
    assert store.read(KEY) is None
    assert told(caplog).startswith(f"kernels in {folder} are compiled again: other users may write")
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
    assert "belongs to" in told(caplog) and "this process runs as" in told(caplog)


@pytest.mark.parametrize("which", ["the folder", "the one that it is in"])
def test_a_folder_of_another_user_is_not_used(folder, caplog, monkeypatch, which):
    give_away(folder if which == "the folder" else folder.parent, monkeypatch)
    store = KernelStore(folder)
    assert store.read(KEY) is None
    store.write("b" * 64, CONTENT)
    assert [each.name for each in folder.iterdir()] == [KEY]
    assert "belongs to" in told(caplog)


def test_nothing_is_made_in_the_home_of_another_user(tmp_path, caplog, monkeypatch):
    """As root, with the variables of the user who called for it."""
    home = tmp_path / "home"
    home.mkdir()
    give_away(home, monkeypatch)
    KernelStore(home / ".cache" / "tuitrain" / "kernels").write(KEY, CONTENT)
    assert list(home.iterdir()) == []
    assert "belongs to" in told(caplog)


@pytest.mark.parametrize("mode", [0o777, 0o707, 0o702])
def test_a_folder_that_others_could_exchange_is_not_used(folder, caplog, mode):
    folder.parent.chmod(mode)
    assert KernelStore(folder).read(KEY) is None
    assert f"other users may write to {folder.parent} (" in told(caplog)


@pytest.mark.parametrize("mode", [0o1777, 0o1770])
def test_a_sticky_folder_on_the_way_is_as_safe_as_tmp(folder, caplog, mode):
    folder.parent.chmod(mode)
    assert KernelStore(folder).read(KEY) == CONTENT
    assert caplog.records == []


@pytest.mark.parametrize(
    ("group", "members", "trusted"),
    [("ada", [], True), ("ada", ["ada"], True), ("ada", ["bob"], False), ("staff", [], False)],
)
def test_a_group_that_the_user_has_to_himself_may_write_on_the_way(
    folder, monkeypatch, group, members, trusted
):
    user, entry = SimpleNamespace(pw_name="ada"), SimpleNamespace(gr_name=group, gr_mem=members)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: user)
    monkeypatch.setattr(grp, "getgrgid", lambda _: entry)
    folder.parent.chmod(0o775)
    assert (KernelStore(folder).read(KEY) == CONTENT) is trusted


def test_a_file_is_not_read_through_a_link(folder, caplog):
    (folder / KEY).rename(folder.parent / "elsewhere")
    (folder / KEY).symlink_to(folder.parent / "elsewhere")
    store = KernelStore(folder)
    assert store.read(KEY) is None
    assert told(caplog) == (
        f"kernels in {folder} are compiled again: one of its files is a symbolic link"
    )
    store.write(KEY, b"other code")
    assert store.read(KEY) == b"other code"
    assert not (folder / KEY).is_symlink()
    assert CONTENT in (folder.parent / "elsewhere").read_bytes()


@pytest.mark.parametrize("kind", ["a pipe", "a folder"])
def test_what_is_no_file_is_not_read(folder, caplog, kind):
    (folder / KEY).unlink()
    (os.mkfifo if kind == "a pipe" else os.mkdir)(folder / KEY)
    assert KernelStore(folder).read(KEY) is None
    assert told(caplog).endswith("one of its files is no regular file")


@pytest.mark.parametrize("relative", [True, False])
def test_a_link_of_the_users_own_is_followed(folder, tmp_path, caplog, relative):
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
    assert "belongs to" in told(caplog)


def test_a_link_into_a_folder_that_others_may_write_to_is_not_used(folder, tmp_path, caplog):
    (tmp_path / "link").symlink_to(folder)
    folder.chmod(0o777)
    assert KernelStore(tmp_path / "link").read(KEY) is None
    assert "other users may write to" in told(caplog)


def test_links_that_lead_in_a_circle_end(folder, tmp_path, caplog):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    store = KernelStore(tmp_path / "one" / "kernels")
    store.write(KEY, CONTENT)
    assert store.read(KEY) is None
    assert told(caplog).endswith("Too many levels of symbolic links")
