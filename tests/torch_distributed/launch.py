"""Starts the ranks of a program, and ends every process of them, whatever a test does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
SECONDS = 120.0


@dataclass
class Rank:
    """The process of a rank, with the files of its output."""

    process: subprocess.Popen[bytes]
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
        "TUITRAIN_HOME": str(folder / "home"),
        "OMP_NUM_THREADS": "1",
        "RENDEZVOUS": str(folder / f"store-{time.monotonic_ns()}"),
        **env,
    }
    ranks = [
        _start(folder, rank, [sys.executable, str(PROGRAMS / program), *arguments], common)
        for rank in range(size)
    ]
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


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it has started, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def _start(folder: Path, rank: int, command: list[str], env: dict[str, str]) -> Rank:
    out, err = folder / f"out{rank}.txt", folder / f"err{rank}.txt"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            env={**env, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=stdout,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=folder,
        )
    return Rank(process, out, err)
