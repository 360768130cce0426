"""The entry of a live run: it lives as long as its process, and is never stolen."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import pytest

from tuitrain.cli import main
from tuitrain.errors import NoSuchRunError, TuitrainError
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.errors import ConnectionProblem
from tuitrain.remote.local.find_run import check_not_live, find_run
from tuitrain.remote.local.live_entry import LiveEntry, read_entries, run_id
from tuitrain.remote.local.sockets_folder import make_sockets_folder


def test_an_entry_is_listed_until_it_is_closed(tmp_path: Path) -> None:
    entry = LiveEntry(tmp_path / "run", "first")
    (facts,) = read_entries()
    assert (facts.run, facts.pid, facts.folder) == ("first", os.getpid(), str(tmp_path / "run"))
    entry.close()
    assert read_entries() == []


def test_the_folder_and_the_socket_are_private(tmp_path: Path, sockets: Path) -> None:
    entry = LiveEntry(tmp_path, "run")
    listener = entry.bind()
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(entry.facts.socket.stat().st_mode) == 0o600
    listener.close()
    entry.close()
    assert list(sockets.iterdir()) == []


def test_a_live_run_is_not_stolen(tmp_path: Path) -> None:
    entry = LiveEntry(tmp_path, "run")
    listener = entry.bind()
    with pytest.raises(TuitrainError, match="is live in another process"):
        LiveEntry(tmp_path, "run")
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(entry.facts.socket))
    client.close()
    listener.close()
    entry.close()


_KILLED = """
import os, signal, sys
from pathlib import Path
from tuitrain.remote.local.live_entry import LiveEntry
entry = LiveEntry(Path(sys.argv[1]), "killed")
entry.bind()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_cleared(tmp_path: Path, sockets: Path) -> None:
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False, timeout=60)
    assert len(list(sockets.iterdir())) == 2
    assert read_entries() == []
    assert list(sockets.iterdir()) == []


def test_a_new_run_takes_the_place_of_a_killed_one(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False, timeout=60)
    entry = LiveEntry(tmp_path, "again")
    entry.bind().close()
    assert [facts.run for facts in read_entries()] == ["again"]
    entry.close()


def test_a_folder_that_others_may_enter_is_refused(sockets: Path, tmp_path: Path) -> None:
    sockets.mkdir(mode=0o755)
    sockets.chmod(0o755)
    with pytest.raises(TuitrainError, match="has mode 755, so others may enter it"):
        LiveEntry(tmp_path, "run")


def test_a_link_in_place_of_the_folder_is_refused(sockets: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    sockets.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TuitrainError, match="is not a folder"):
        LiveEntry(tmp_path, "run")


def test_a_folder_of_another_user_is_refused(
    sockets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sockets_folder()
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    with pytest.raises(TuitrainError, match="belongs to user"):
        LiveEntry(tmp_path, "run")


def test_a_link_in_place_of_the_lock_is_refused(sockets: Path, tmp_path: Path) -> None:
    make_sockets_folder()
    target = tmp_path / "precious"
    target.write_text("kept")
    (sockets / f"{run_id(tmp_path)}.lock").symlink_to(target)
    with pytest.raises(TuitrainError, match="cannot be written"):
        LiveEntry(tmp_path, "run")
    assert target.read_text() == "kept"


def leave_strangers(folder: Path) -> list[Path]:
    """Make files in a folder that look like those of a run, and return them."""
    names = ("poetry.lock", "poetry.sock", "0123456.lock", "01234567.lock", "01234567.sock")
    paths = [folder / name for name in names]
    for path in paths:
        path.write_text("kept")
    return paths


def test_a_client_follows_no_link_in_place_of_the_folder(sockets: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    strangers = leave_strangers(tmp_path)
    sockets.symlink_to(tmp_path)
    with pytest.raises(ConnectionProblem, match="is not a folder"):
        read_entries()
    assert all(path.read_text() == "kept" for path in strangers)


def test_a_client_reads_no_folder_that_others_may_enter(sockets: Path) -> None:
    sockets.mkdir()
    sockets.chmod(0o777)
    strangers = leave_strangers(sockets)
    with pytest.raises(ConnectionProblem, match="has mode 777, so others may enter it"):
        find_run("run")
    assert all(path.exists() for path in strangers)


def test_a_client_reads_no_folder_of_another_user(
    sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sockets_folder()
    strangers = leave_strangers(sockets)
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    with pytest.raises(ConnectionProblem, match="belongs to user"):
        read_entries()
    assert all(path.exists() for path in strangers)


def test_only_locks_and_sockets_of_runs_are_cleared(sockets: Path) -> None:
    make_sockets_folder()
    strangers = leave_strangers(sockets)
    os.mkfifo(sockets / "abcdef01.lock")
    assert read_entries() == []
    left = {path.name for path in sockets.iterdir()}
    assert left == {path.name for path in strangers} - {"01234567.lock"} | {"abcdef01.lock"}


def test_a_file_in_place_of_the_socket_is_not_replaced(tmp_path: Path) -> None:
    entry = LiveEntry(tmp_path, "run")
    entry.facts.socket.write_text("kept")
    with pytest.raises(TuitrainError, match="cannot be made"):
        entry.bind()
    entry.close()
    assert entry.facts.socket.read_text() == "kept"


def test_an_entry_whose_lock_was_removed_leaves_the_next_one_alone(tmp_path: Path) -> None:
    first = LiveEntry(tmp_path, "first")
    first.facts.socket.with_suffix(".lock").unlink()
    second = LiveEntry(tmp_path, "second")
    first.close()
    assert [facts.run for facts in read_entries()] == ["second"]
    second.close()


def restored(entry: LiveEntry, listener: socket.socket) -> socket.socket:
    """Restore the files of a live run, and connect to it as a viewer does."""
    made = entry.restore() or listener
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(find_run(entry.facts.id).socket))
    made.accept()[0].close()
    client.close()
    return made


@pytest.mark.parametrize("endings", [[".sock"], [".lock"], [".lock", ".sock"]])
def test_removed_files_of_a_live_run_are_made_again(
    tmp_path: Path, sockets: Path, endings: list[str]
) -> None:
    entry = LiveEntry(tmp_path, "run")
    with entry.bind() as listener:
        assert entry.restore() is None
        for ending in endings:
            entry.facts.socket.with_suffix(ending).unlink()
        with restored(entry, listener) as again:
            assert (again is listener) is (".sock" not in endings)
            assert entry.restore() is None
            with pytest.raises(TuitrainError, match="is live in another process"):
                LiveEntry(tmp_path, "run")
    entry.close()
    assert list(sockets.iterdir()) == []


def test_a_removed_folder_of_sockets_is_made_again(tmp_path: Path, sockets: Path) -> None:
    entry = LiveEntry(tmp_path, "run")
    with entry.bind() as listener:
        shutil.rmtree(sockets)
        restored(entry, listener).close()
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    entry.close()


def test_files_of_another_process_are_left_alone(tmp_path: Path) -> None:
    first = LiveEntry(tmp_path, "first")
    with first.bind():
        first.facts.socket.with_suffix(".lock").unlink()
        second = LiveEntry(tmp_path, "second")
        with second.bind() as listener:
            with pytest.raises(TuitrainError, match="is live in another process"):
                first.restore()
            assert restored(second, listener) is listener
            first.close()
            assert restored(second, listener) is listener
    second.close()


def test_a_socket_of_another_kind_is_a_problem(tmp_path: Path) -> None:
    entry = LiveEntry(tmp_path, "run")
    with entry.bind():
        entry.facts.socket.unlink()
        entry.facts.socket.write_text("kept")
        with pytest.raises(TuitrainError, match="cannot be made"):
            entry.restore()
    entry.close()
    assert entry.facts.socket.read_text() == "kept"


@pytest.mark.parametrize("word", ["a" * 300 + ":run", "h" * 5000 + ":", "a:" + "b" * 300])
def test_a_long_word_with_a_colon_names_a_host(word: str) -> None:
    assert endpoint_of(word).label


def test_a_run_is_found_by_id_folder_name_and_the_beginning_of_its_id(tmp_path: Path) -> None:
    entries = [LiveEntry(tmp_path / name, name) for name in ("alpha", "beta")]
    for word in ("beta", run_id(tmp_path / "beta"), str(tmp_path / "beta")):
        assert find_run(word).run == "beta"
    assert find_run(run_id(tmp_path / "alpha")[:5]).run == "alpha"
    with pytest.raises(NoSuchRunError, match="'alpah', did you mean 'alpha'"):
        find_run("alpah")
    with pytest.raises(NoSuchRunError, match="several runs are live, name one of them: alpha"):
        find_run()
    entries.pop().close()
    assert find_run().run == "alpha"
    entries.pop().close()
    with pytest.raises(NoSuchRunError, match="no run is live on this machine"):
        find_run()


def test_the_socket_is_removed_also_if_the_environment_has_changed(
    tmp_path: Path, sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = LiveEntry(tmp_path, "run")
    entry.bind().close()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    entry.close()
    assert list(sockets.iterdir()) == []


@pytest.mark.parametrize(("kind", "seconds"), [(fcntl.LOCK_SH, 9.0), (fcntl.LOCK_EX, 0.2)])
def test_a_new_run_waits_for_the_lock_of_a_client(
    kind: int, seconds: float, tmp_path: Path, sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = locked(sockets, tmp_path, kind)
    times = iter([0.0, seconds])
    clock = SimpleNamespace(monotonic=lambda: next(times), sleep=lambda _: lock.close())
    monkeypatch.setattr("tuitrain.remote.local.lock_file.time", clock)
    LiveEntry(tmp_path, "run").close()
    assert lock.closed


@pytest.mark.parametrize(
    ("kind", "seconds", "problem"),
    [
        (fcntl.LOCK_SH, 10.0, r"\.lock is locked by a process that looks for live runs"),
        (fcntl.LOCK_EX, 0.3, "the run in .* is live in another process"),
    ],
)
def test_a_new_run_waits_no_longer_than_a_client_may_take(
    kind: int,
    seconds: float,
    problem: str,
    tmp_path: Path,
    sockets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = locked(sockets, tmp_path, kind)
    times = iter([0.0, seconds])
    clock = SimpleNamespace(monotonic=lambda: next(times))
    monkeypatch.setattr("tuitrain.remote.local.lock_file.time", clock)
    with pytest.raises(TuitrainError, match=problem):
        LiveEntry(tmp_path, "run")
    lock.close()


def locked(sockets: Path, folder: Path, kind: int) -> IO[str]:
    """Lock the file of a run, as a client does that looks whether it was left over."""
    make_sockets_folder()
    lock = (sockets / f"{run_id(folder)}.lock").open("w")
    fcntl.flock(lock, kind)
    return lock


def test_a_file_that_another_client_looks_at_is_no_live_run(tmp_path: Path, sockets: Path) -> None:
    lock = locked(sockets, tmp_path, fcntl.LOCK_SH)
    assert read_entries() == []
    assert list(sockets.iterdir()) == [Path(lock.name)]  # the other client may remove it
    lock.close()
    assert read_entries() == list(sockets.iterdir()) == []


def test_two_runs_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    entries = [LiveEntry(tmp_path / folder, "twin") for folder in ("one", "two")]
    with pytest.raises(NoSuchRunError, match=r"several live runs are called 'twin'.*twin \("):
        find_run("twin")
    for entry in entries:
        entry.close()


def test_a_run_with_a_giant_name_is_listed_and_found(tmp_path: Path) -> None:
    name = "é" * 70_000
    entry = LiveEntry(tmp_path, name)
    assert find_run(name) == find_run() == entry.facts
    assert len(entry.facts.run) == 101
    entry.close()


def test_a_name_cannot_forge_lines_of_an_error(tmp_path: Path) -> None:
    entries = [LiveEntry(tmp_path / name, f"{name}\ntuitrain: \x1b[31m") for name in "ab"]
    for word in ("", "none"):
        with pytest.raises(NoSuchRunError) as caught:
            find_run(word)
        assert str(caught.value).isprintable()
    for entry in entries:
        entry.close()


def test_a_live_run_is_not_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_not_live(tmp_path)
    entry = LiveEntry(tmp_path, "run")
    with pytest.raises(TuitrainError, match=f"is live; look at it with: .*{entry.facts.id}"):
        check_not_live(tmp_path)
    for words in (["resume"], ["resume", "--detach"]):
        assert main([*words, str(tmp_path)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith(f"is live; look at it with: tuitrain attach {entry.facts.id}")
    entry.close()
