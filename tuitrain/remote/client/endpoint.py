"""The place where a run is reached: a socket of this machine, or a relay on another, over ssh."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from tuitrain.errors import NoSuchRunError

from ..errors import ConnectionProblem
from ..local.find_run import find_run
from ..local.live_entry import RunFacts

RELAY_GREETING: Final = b"tuitrain-relay 1\n"
"""The line that a relay prints before its frames. The output of a login shell comes before it."""

MAX_NOISE_BYTES: Final = 64 * 1024
"""Maximum number of bytes that a login shell may print before the greeting."""

CONNECT_SECONDS: Final = 10.0
"""Seconds in which a socket must accept a connection."""

END_SECONDS: Final = 1.0
"""Seconds in which ssh must end by itself after its input has ended."""

_HOST: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@%-]*|\[[0-9A-Fa-f:.%]+\]")


@dataclass(slots=True)
class Link:
    """An open connection.

    Attributes
    ----------
    reader, writer : its two directions
    why_lost : returns the reason for the end of the connection, if it is known; else ""
    process : ssh, which ends with the connection; None for a socket
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    why_lost: Callable[[], str] = lambda: ""
    process: asyncio.subprocess.Process | None = None

    async def close(self) -> None:
        """Close the connection, and wait for the end of ssh."""
        self.writer.close()
        if self.process is not None:
            await _end(self.process)
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


class Endpoint(Protocol):
    """A run that a viewer can connect to, more than once."""

    @property
    def label(self) -> str:
        """The run as the user has named it."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether the run is on this machine, so that its record can be read here."""
        ...

    async def connect(self) -> Link:
        """Return a new connection.

        Raises
        ------
        NoSuchRunError : the run has ended
        ConnectionProblem : it cannot be reached now
        """
        ...


class SocketEndpoint:
    """A live run of this machine.

    Parameters
    ----------
    facts : of the run
    """

    def __init__(self, facts: RunFacts) -> None:
        self._facts = facts

    @property
    def label(self) -> str:
        """The run's name."""
        return self._facts.run

    @property
    def is_local(self) -> bool:
        """True."""
        return True

    async def connect(self) -> Link:
        """Connect to the socket; see `Endpoint.connect`."""
        try:
            facts = find_run(self._facts.id)  # also where another process has continued the run
        except NoSuchRunError:
            raise NoSuchRunError(f"the run {self._facts.run} is no longer live") from None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_unix_connection(facts.socket)
        except (OSError, TimeoutError) as error:
            reason = getattr(error, "strerror", None) or "it does not answer"
            raise ConnectionProblem(f"{facts.socket} cannot be reached: {reason}") from None
        return Link(reader, writer)


class SshEndpoint:
    """A live run of another machine: ``ssh HOST tuitrain relay RUN``.

    Keys, configuration and jump hosts are those of ssh. ``TUITRAIN_SSH`` names another program, and
    ``TUITRAIN_REMOTE_COMMAND`` the command on the other machine (default: ``tuitrain``).

    Parameters
    ----------
    host : as ssh takes it
    run : as `find_run` takes it there; "" for the only one
    asks : whether ssh may ask for a password on the terminal

    Attributes
    ----------
    asks : as above

    Raises
    ------
    ConnectionProblem : the host is not a name that ssh takes
    """

    def __init__(self, host: str, run: str, asks: bool = False) -> None:
        if not _HOST.fullmatch(host):
            raise ConnectionProblem(f"{host!r} is not the name of a host")
        self._host = host
        self._run = run
        self.asks = asks

    @property
    def label(self) -> str:
        """Host and run, as they were given."""
        return f"{self._host}:{self._run}"

    @property
    def is_local(self) -> bool:
        """False."""
        return False

    async def connect(self) -> Link:
        """Start ssh, and wait for the relay; see `Endpoint.connect`."""
        try:
            process = await asyncio.create_subprocess_exec(
                *ssh_command(self._host, ["relay", *([self._run] if self._run else [])], self.asks),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=not self.asks,  # ctrl+c in the screen's terminal is not for ssh
            )
        except OSError as error:
            raise ConnectionProblem(f"ssh cannot be started: {error.strerror}") from None
        assert process.stdin is not None
        assert process.stdout is not None
        errors = _Errors(process)
        try:
            await _skip_to_greeting(process.stdout)
        except EOFError:
            await process.wait()
            await errors.wait()
            raise errors.as_problem(self._host) from None
        except BaseException:
            await _end(process)
            raise
        return Link(process.stdout, process.stdin, errors.last_line, process)


def ssh_command(host: str, words: list[str], asks: bool) -> list[str]:
    """Return the command that runs tuitrain on another machine.

    Parameters
    ----------
    words : the arguments of tuitrain there
    asks : whether ssh may ask for a password
    """
    program = shlex.split(os.environ.get("TUITRAIN_SSH", "")) or ["ssh"]
    remote = os.environ.get("TUITRAIN_REMOTE_COMMAND", "") or "tuitrain"
    options = ["-T", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]
    if not asks:
        options += ["-o", "BatchMode=yes"]
    return [*program, *options, host, "--", f"{remote} {shlex.join(words)}"]


async def _skip_to_greeting(reader: asyncio.StreamReader) -> None:
    """Read to the relay's greeting, past the output of a login shell.

    Raises
    ------
    EOFError : the output ends before
    ConnectionProblem : there is too much of it
    """
    read = 0
    while True:
        try:
            line = await reader.readline()
        except ValueError:  # a line longer than the stream takes
            line, read = b"-", MAX_NOISE_BYTES
        if line.endswith(RELAY_GREETING):
            return
        if not line:
            raise EOFError
        read += len(line)
        if read > MAX_NOISE_BYTES:
            raise ConnectionProblem("the other machine sent output, but no greeting of a relay")


async def _end(process: asyncio.subprocess.Process) -> None:
    """End ssh: by the end of its input, or else by a signal."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(END_SECONDS):
            while await process.stdout.read(1 << 16):
                pass
            await process.wait()
    except (TimeoutError, asyncio.CancelledError):
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class _Errors:
    """The last lines that ssh and the relay write to stderr."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: list[str] = []
        self._task = asyncio.create_task(self._collect())

    async def wait(self) -> None:
        """Wait for the end of the output."""
        await self._task

    def last_line(self) -> str:
        """Return the last line; "" if there is none."""
        return self._lines[-1] if self._lines else ""

    def as_problem(self, host: str) -> ConnectionProblem | NoSuchRunError:
        """Return why there is no relay: the run is not live there, or ssh did not get there."""
        text = self.last_line().removeprefix("tuitrain: ")
        status = self._process.returncode
        if status == 3:  # the exit status of tuitrain for a run that is not live
            return NoSuchRunError(f"{host}: {text}")
        return ConnectionProblem(f"{host}: {text or f'ssh has ended with status {status}'}")

    async def _collect(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with contextlib.suppress(ValueError):  # a line longer than the stream takes
            while line := await stream.readline():
                text = line.decode(errors="replace").strip()
                if text:
                    self._lines = [*self._lines[-20:], text]
