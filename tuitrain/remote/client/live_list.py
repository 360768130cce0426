"""The live runs of this machine and of others, refreshed while a screen lists them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tuitrain.errors import TuitrainError

from ..control.questions import listed_run
from ..control.replies import ListedRun
from ..local.live_runs import list_live_runs
from .endpoint import ssh_command

REFRESH_SECONDS: Final = 1.0
"""Seconds between two lists of the live runs of a machine."""

RETRY_SECONDS: Final = 15.0
"""Seconds after which a machine is asked again whose connection was lost."""

_MAX_LINE: Final = 64 * 1024
"""Maximum number of bytes of a line that another machine sends for a run."""


class LiveList:
    """Keeps the list of live runs up to date, from `start` to `close`.

    Parameters
    ----------
    hosts : other machines, each reached by one ssh that stays open
    list_here : returns the live runs of this machine
    """

    def __init__(
        self,
        hosts: Sequence[str] = (),
        list_here: Callable[[], list[ListedRun]] = lambda: [*map(listed_run, list_live_runs())],
    ) -> None:
        self._list_here = list_here
        self._is_closed = threading.Event()
        self._changed = threading.Condition()
        self._here: list[ListedRun] = []
        self._hosts = [_HostList(host, self._notify) for host in hosts]
        self._thread = threading.Thread(target=self._refresh, name="tuitrain-list", daemon=True)

    @property
    def rows(self) -> list[ListedRun]:
        """The live runs, those of this machine first."""
        return [*self._here, *(row for host in self._hosts for row in host.rows)]

    @property
    def problems(self) -> list[str]:
        """Why machines cannot be asked, a sentence for each."""
        return [host.problem for host in self._hosts if host.problem]

    @property
    def silent_hosts(self) -> list[str]:
        """The other machines that have not answered yet."""
        return [host.name for host in self._hosts if not (host.has_answered or host.problem)]

    def start(self) -> LiveList:
        """List the live runs of this machine, start to refresh the list, and return it."""
        self._list_once()
        self._thread.start()
        for host in self._hosts:
            host.start()
        return self

    def wait_for(
        self, condition: Callable[[list[ListedRun]], bool], timeout: float | None = None
    ) -> None:
        """Wait until the list meets a condition, at most ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: condition(self.rows), timeout)

    def close(self) -> None:
        """End the connections."""
        self._is_closed.set()
        for host in self._hosts:
            host.close()

    def _refresh(self) -> None:
        while not self._is_closed.wait(REFRESH_SECONDS):
            self._list_once()

    def _list_once(self) -> None:
        with contextlib.suppress(TuitrainError, OSError):
            self._here = self._list_here()
        self._notify()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _HostList:
    """The live runs of another machine: the output of ``ssh HOST tuitrain list --json --every 1``.

    Attributes
    ----------
    name : of the machine, as ssh takes it
    rows : the runs of the last whole list
    has_answered : whether a list has come
    problem : why there is no list, or ""
    """

    def __init__(self, host: str, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.name = host
        self.rows: list[ListedRun] = []
        self.has_answered = False
        self.problem = ""
        self._is_closed = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_listing, daemon=True)

    def start(self) -> None:
        """Start a thread that starts ssh and reads its output."""
        self._thread.start()

    def close(self) -> None:
        """End ssh."""
        self._is_closed.set()
        with self._starting:
            process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)  # a proxy command of ssh ends, too
        if self._thread.is_alive():
            self._thread.join()

    def _keep_listing(self) -> None:
        """List until the end; start ssh again only where it has worked before."""
        while process := self._start_ssh():
            with process:  # closes its streams
                self._read_lists(process)
            if not self.has_answered or self._is_closed.wait(RETRY_SECONDS):
                break

    def _start_ssh(self) -> subprocess.Popen[bytes] | None:
        words = ["list", "--json", "--every", f"{REFRESH_SECONDS:g}"]
        with self._starting:
            if self._is_closed.is_set():
                return None
            try:
                self._process = subprocess.Popen(
                    ssh_command(self.name, words, asks=False),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                self.problem = f"{self.name}: ssh cannot be started: {error.strerror}"
                return None
            return self._process

    def _read_lists(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        rows: list[ListedRun] = []
        while line := process.stdout.readline(_MAX_LINE):
            if line.strip():
                with contextlib.suppress(msgspec.DecodeError):  # what a login shell prints
                    row = msgspec.json.decode(line, type=ListedRun)
                    rows.append(msgspec.structs.replace(row, host=self.name))
            else:
                self.rows, rows, self.has_answered, self.problem = rows, [], True, ""
                self._on_change()
        lines = process.stderr.read(_MAX_LINE).decode(errors="replace").strip().splitlines()
        reason = lines[-1].removeprefix("tuitrain: ") if lines else "the connection has ended"
        self.rows, self.problem = [], f"{self.name}: {reason}"
        self._on_change()
