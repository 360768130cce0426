"""Starts the ranks of a program, and ends every process of them, whatever a test does."""

import functools
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
SECONDS = 120.0

SIZES = [int(size) for size in os.environ.get("TUITRAIN_RANK_SIZES", "2").split(",")]
"""The numbers of ranks of a test; `make ranks` takes more of them."""


class Waited(Protocol):
    """A process that can be waited for."""

    @property
    def pid(self) -> int: ...

    def wait(self, seconds: float) -> int: ...


class ForkServer:
    """The process that forks ranks; see `fork_server`."""

    def __init__(self) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'core'}",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torch_distributed.fork_server"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._pending = b""
        self._started: list[int] = []
        self._ended: dict[int, int] = {}

    def start(self, **request: object) -> int:
        """Fork a rank; return the number of its process."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        deadline = time.monotonic() + SECONDS
        while not self._started:
            assert time.monotonic() < deadline, "the fork server does not answer"
            self._read(1.0)
        return self._started.pop()

    def status_of(self, pid: int, seconds: float) -> int | None:
        """Return the exit status of a rank; None if it has not ended in time."""
        deadline = time.monotonic() + seconds
        while pid not in self._ended:
            left = deadline - time.monotonic()
            self._read(max(0.0, left))
            if left <= 0:
                break
        return self._ended.get(pid)

    def _read(self, seconds: float) -> None:
        """Read answers, and wait for one of them."""
        assert self._process.stdout is not None
        number = self._process.stdout.fileno()
        if not select.select([number], [], [], seconds)[0]:
            return
        content = os.read(number, 1 << 16)
        assert content, f"the fork server has ended with status {self._process.wait(10)}"
        *lines, self._pending = (self._pending + content).split(b"\n")
        for line in map(json.loads, lines):
            if "started" in line:
                self._started.append(line["started"])
            else:
                self._ended[line["ended"]] = line["status"]


@functools.cache
def fork_server() -> ForkServer:
    """Return the fork server of this process; it ends with this process."""
    return ForkServer()


@dataclass
class RankProcess:
    """The process of a rank, which the fork server has started."""

    pid: int

    def wait(self, seconds: float) -> int:
        status = fork_server().status_of(self.pid, seconds)
        if status is None:
            raise subprocess.TimeoutExpired("rank", seconds)
        return status

    def poll(self) -> int | None:
        return fork_server().status_of(self.pid, 0.0)


@dataclass
class Rank:
    """A rank, with the files of its output."""

    process: RankProcess
    out: Path
    err: Path

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def wait(self, seconds: float = SECONDS) -> int:
        return self.process.wait(seconds)

    @property
    def printed(self) -> str:
        return self.out.read_text()

    @property
    def errors(self) -> str:
        return self.err.read_text()


@contextmanager
def started(program: str, size: int, folder: Path, *arguments: str, **env: str) -> Iterator[list]:
    """Start the ranks of a program; they find each other by a file."""
    common = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'core'}",
        "WORLD_SIZE": str(size),
        "OMP_NUM_THREADS": "1",
        "RENDEZVOUS": str(folder / f"store-{time.monotonic_ns()}"),
        **env,
    }
    ranks = [_start(folder, rank, program, arguments, common) for rank in range(size)]
    try:
        yield ranks
    finally:
        for rank in ranks:
            kill_all(rank.process)


def run(
    program: str, size: int, folder: Path, *arguments: str, seconds: float = SECONDS, **env: str
) -> list[Rank]:
    """Run the ranks of a program to their end, and check that they end well."""
    deadline = time.monotonic() + seconds
    with started(program, size, folder, *arguments, **env) as ranks:
        statuses = [rank.wait(max(1.0, deadline - time.monotonic())) for rank in ranks]
    assert statuses == [0] * size, "\n".join(rank.errors[-3000:] for rank in ranks)
    return ranks


def kill_all(process: Waited) -> None:
    """Kill a process and all that it has started, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def _start(
    folder: Path, rank: int, program: str, arguments: tuple[str, ...], env: dict[str, str]
) -> Rank:
    out, err = folder / f"out{rank}.txt", folder / f"err{rank}.txt"
    out.write_bytes(b"")
    err.write_bytes(b"")
    pid = fork_server().start(
        program=str(PROGRAMS / program),
        arguments=arguments,
        folder=str(folder),
        out=str(out),
        err=str(err),
        env={**env, "RANK": str(rank), "LOCAL_RANK": str(rank)},
    )
    return Rank(RankProcess(pid), out, err)
