"""An sshd of the tests: on loopback, with keys, a port and files of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.serving import ROOT, free_port

BANNER = "Authorized users only."

_DAEMON = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
Banner {folder}/banner
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv XDG_RUNTIME_DIR={sockets} XDG_STATE_HOME={folder} PYTHONPATH={paths}
"""

_CLIENT = """\
Host *
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentitiesOnly yes
  IdentityFile {folder}/user_key
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  HostKeyAlias box
"""


@dataclass(frozen=True)
class Daemon:
    """A running sshd.

    Attributes
    ----------
    folder : its keys and configuration, and those of its client
    pid : of the process that listens
    """

    folder: Path
    pid: int

    @property
    def client(self) -> str:
        """The command of the client, for ``TUITRAIN_SSH``."""
        return f"ssh -F {self.folder / 'client'}"

    def kill_connections(self) -> None:
        """Kill the processes of sshd that serve connections; their clients get no farewell."""
        below = descendants(self.pid)
        assert below, "nothing is connected"
        for pid in below:
            os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Return the processes of sshd below one."""
    below: list[int] = []
    for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if Path(f"/proc/{word}/comm").read_text().startswith("sshd"):
            below += [int(word), *descendants(int(word))]
    return below


def find_sshd() -> str:
    """Return the path of sshd, which refuses to start under a relative one."""
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert program is not None, "install openssh-server: make ssh-test connects to it"
    return program


@contextmanager
def listening(folder: Path) -> Iterator[Daemon]:
    """Run an sshd that lets the present user in, until the block is left."""
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd of root drops its rights
    port = free_port()
    for name in ("host_key", "user_key", "other_key"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(make, check=True)
    values = {"folder": folder, "port": port, "user": getpass.getuser()}
    values |= {"paths": f"{ROOT}:{ROOT / 'core'}", "sockets": os.environ["XDG_RUNTIME_DIR"]}
    (folder / "banner").write_text(BANNER + "\n")
    (folder / "daemon").write_text(_DAEMON.format(**values))
    (folder / "client").write_text(_CLIENT.format(**values))
    trust(folder, "host_key")
    log = folder / "log"
    command = [find_sshd(), "-D", "-f", folder / "daemon", "-E", log]
    with subprocess.Popen(command) as daemon:
        try:
            wait_for_port(daemon, port, log)
            yield Daemon(folder, daemon.pid)
        finally:
            daemon.terminate()


def wait_for_port(daemon: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Connect until the daemon answers."""
    while daemon.poll() is None:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
    raise AssertionError(log.read_text())


def trust(folder: Path, key: str) -> None:
    """Have the client expect one of the keys of the folder from the host."""
    (folder / "known_hosts").write_text(f"box {(folder / f'{key}.pub').read_text()}")


def remote_command() -> str:
    """Return the command of tuitrain on the other machine, for ``TUITRAIN_REMOTE_COMMAND``."""
    return f"{sys.executable} -m tuitrain"
