"""Another user of the machine: kept out by the folder, and by the run where the folder is open."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.remote.runs import TIMEOUT, served
from tuitrain.remote.local.find_run import find_run
from tuitrain.remote.wire.frames import FrameReader
from tuitrain.remote.wire.messages import Farewell, decode_reply

OTHER_UID = 65534
"""The uid of the user without rights, on Linux and elsewhere."""

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for sockets below one that every user may enter."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder / "tuitrain"
    shutil.rmtree(folder)


def connect_as_another_user(path: Path) -> bytes:
    """Return what another user reads from a socket, or ``denied``."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the child of a process with threads does no more than this
        child = os.fork()
    if not child:
        try:
            os.setuid(OTHER_UID)
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(TIMEOUT)
            client.connect(str(path))
            while data := client.recv(65536):
                os.write(writing, data)
        except PermissionError:
            os.write(writing, b"denied")
        finally:
            os.kill(os.getpid(), signal.SIGKILL)  # nothing of the parent's is cleaned up here
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    return content


def test_the_folder_keeps_another_user_out(open_folder: Path, tmp_path: Path) -> None:
    with served(tmp_path) as made:
        assert connect_as_another_user(find_run(made.id).socket) == b"denied"
        assert made.log == []


def test_the_run_refuses_another_user_whom_the_folder_let_in(
    open_folder: Path, tmp_path: Path
) -> None:
    with served(tmp_path) as made:
        path = find_run(made.id).socket
        open_folder.chmod(0o755)
        path.chmod(0o666)
        (message,) = FrameReader(1 << 16).feed(connect_as_another_user(path))
        reason = f"user {OTHER_UID} may not watch a run of user 0"
        assert decode_reply(message) == Farewell(reason)
        assert made.log == [f"a viewer was refused: {reason}"]
