"""A peer's process, as the benchmark sees it: asked with a deadline, replaced when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from selectors import EVENT_READ, DefaultSelector
from typing import IO

import msgspec

from .peer_server import CPUS_VARIABLE
from .peers import Peer
from .protocol import Answer, Ask, Cell

ASK_SECONDS = 60.0
"""How long an answer may take; torch.compile compiles a step of LeNet in about 20 s."""

GIVEN_UP = 3
"""Answers that came too late, after which a worker is not asked any more."""


class Worker:
    """A peer with so many threads. Its process is started when it is first asked.

    Parameters
    ----------
    threads : as many processors it may use, too
    patience : seconds that an answer may take, at the most
    variants : how many ways of doing a cell it may try
    variables : of the environment, besides those that set the threads
    """

    def __init__(
        self,
        peer: Peer,
        threads: int = 1,
        patience: float = ASK_SECONDS,
        variants: int = 8,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.name = peer.name
        self._command = list(peer.command)
        self._environment = environment(threads) | dict(variables or {})
        self._patience = patience
        self._variants = variants
        self._late = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it

    def ask(self, cell: Cell, seconds: float) -> Answer:
        """Have a cell timed for about so many seconds; 0: a single step, without a warm-up.

        Returns
        -------
        The answer; one with a problem if the peer raised, ended, took too long or answered
        nonsense. It begins anew then with the next ask; not if it was too late again and again.
        """
        if self._late >= GIVEN_UP:
            return Answer(
                problem=f"given up: {GIVEN_UP} answers took more than {self._patience:g} s"
            )
        try:
            line = self._exchange(msgspec.json.encode(Ask(cell, seconds, self._variants)) + b"\n")
        except TimeoutError:
            self._end()
            self._late += 1
            return Answer(problem=f"no answer within {self._patience:g} s")
        except (OSError, EOFError) as error:
            ended = self._process is not None
            return Answer(problem=self._why_it_ended() if ended else f"cannot start: {error}")
        try:
            answer = msgspec.json.decode(line, type=Answer)
        except msgspec.MsgspecError:
            answer = None
        if answer is None or not (answer.problem or answer.seconds_per_step > 0):
            self._end()
            return Answer(problem=f"answered nonsense: {line.decode(errors='replace')[:80]!r}")
        return answer

    def close(self) -> None:
        """End the process."""
        self._end()
        self._complaints.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(self, line: bytes) -> bytes:
        """Send a line, and return the one that comes back."""
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line)
        return _line(process.stdout.fileno(), self._patience)

    def _start(self) -> subprocess.Popen[bytes]:
        self._complaints.seek(0)
        self._complaints.truncate()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            bufsize=0,
            env=self._environment,
        )
        return self._process

    def _end(self) -> int:
        """Kill the process if there is one, and return its status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        return process.wait()

    def _why_it_ended(self) -> str:
        assert self._process is not None
        try:  # it has closed its stdout: it is on its way out
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            self._end()
            return f"stopped answering{self._last_complaint()}"
        return f"ended with status {self._end()}{self._last_complaint()}"

    def _last_complaint(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1][:200]}" if lines else ""


def environment(threads: int) -> dict[str, str]:
    """Return this process's environment, with every library held to so many threads.

    What can be imported here can be imported there.
    """
    processors = sorted(_processors())[-threads:]
    alone = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",  # byte code is kept, as that of installed packages is
        "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
        "TUITRAIN_THREADS": str(threads),
        CPUS_VARIABLE: ",".join(map(str, processors)),
        **dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)
        ),
        "NPROC": str(threads),
        "XLA_FLAGS": alone if threads == 1 else "",
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
    }


def processors() -> int:
    """Return how many processors this process may use."""
    return len(_processors())


def _processors() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _line(descriptor: int, patience: float) -> bytes:
    """Read a line from a pipe.

    Raises
    ------
    TimeoutError : it did not come in time
    EOFError : the other end was closed before
    """
    until = time.monotonic() + patience
    line = b""
    with DefaultSelector() as selector:
        selector.register(descriptor, EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, until - time.monotonic())):
                raise TimeoutError
            part = os.read(descriptor, 65536)
            if not part:
                raise EOFError
            line += part
    return line
