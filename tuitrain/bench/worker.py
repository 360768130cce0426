"""A peer's process: requests with a timeout, and a new process after a failure."""

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
from .protocol import Cell, TimingReply, TimingRequest

REPLY_TIMEOUT = 60.0
"""Seconds until a reply; torch.compile compiles a step of LeNet in about 20 s."""

MAX_TIMEOUTS = 3
"""Number of timeouts after which a worker gives up."""


class Worker:
    """A peer, whose process starts with the first request.

    Parameters
    ----------
    threads : number of threads, and of processors that the process may use
    timeout : seconds until a reply
    variants : maximum number of variants that the peer tries for a cell
    variables : additional environment variables
    """

    def __init__(
        self,
        peer: Peer,
        threads: int = 1,
        timeout: float = REPLY_TIMEOUT,
        variants: int = 8,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.name = peer.name
        self._command = list(peer.command)
        self._environment = worker_environment(threads) | dict(variables or {})
        self._timeout = timeout
        self._variants = variants
        self._timeouts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it

    def request(self, cell: Cell, seconds: float) -> TimingReply:
        """Time a cell for about ``seconds``; 0 times a single step, without a warm-up.

        Returns
        -------
        The reply. It has a problem if the peer raised, ended, timed out or sent no valid reply; the
        next request starts a new process then, unless there were `MAX_TIMEOUTS` timeouts.
        """
        if self._timeouts >= MAX_TIMEOUTS:
            return TimingReply(
                problem=f"given up: {MAX_TIMEOUTS} answers took more than {self._timeout:g} s"
            )
        try:
            line = self._exchange(
                msgspec.json.encode(TimingRequest(cell, seconds, self._variants)) + b"\n"
            )
        except TimeoutError:
            self._end()
            self._timeouts += 1
            return TimingReply(problem=f"no answer within {self._timeout:g} s")
        except (OSError, EOFError) as error:
            started = self._process is not None
            return TimingReply(problem=self._end_reason() if started else f"cannot start: {error}")
        try:
            reply = msgspec.json.decode(line, type=TimingReply)
        except msgspec.MsgspecError:
            reply = None
        if reply is None or not (reply.problem or reply.seconds_per_step > 0):
            self._end()
            return TimingReply(problem=f"answered nonsense: {line.decode(errors='replace')[:80]!r}")
        return reply

    def close(self) -> None:
        """End the process."""
        self._end()
        self._stderr.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(self, line: bytes) -> bytes:
        """Send a line, and return the line of the reply."""
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line)
        return _read_line(process.stdout.fileno(), self._timeout)

    def _start(self) -> subprocess.Popen[bytes]:
        self._stderr.seek(0)
        self._stderr.truncate()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,
            env=self._environment,
        )
        return self._process

    def _end(self) -> int:
        """Kill the process if there is one, and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        return process.wait()

    def _end_reason(self) -> str:
        assert self._process is not None
        try:  # it has closed its stdout, so it should end
            self._process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            self._end()
            return f"stopped answering{self._last_error_line()}"
        return f"ended with status {self._end()}{self._last_error_line()}"

    def _last_error_line(self) -> str:
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1][:200]}" if lines else ""


def worker_environment(threads: int) -> dict[str, str]:
    """Return an environment that limits every library to ``threads`` threads.

    It is based on the environment and the import path of this process.
    """
    cpus = sorted(_cpus())[-threads:]
    single_thread = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",  # cache byte code, as for installed packages
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "TUITRAIN_THREADS": str(threads),
        CPUS_VARIABLE: ",".join(map(str, cpus)),
        **dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)
        ),
        "NPROC": str(threads),
        "XLA_FLAGS": single_thread if threads == 1 else "",
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
    }


def available_cpus() -> int:
    """Return the number of processors that this process may use."""
    return len(_cpus())


def _cpus() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _read_line(descriptor: int, timeout: float) -> bytes:
    """Read a line from a pipe.

    Raises
    ------
    TimeoutError : no whole line in time
    EOFError : the other end was closed before
    """
    deadline = time.monotonic() + timeout
    line = b""
    with DefaultSelector() as selector:
        selector.register(descriptor, EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            part = os.read(descriptor, 65536)
            if not part:
                raise EOFError
            line += part
    return line
