# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The channel between the ranks of a run: a gloo group of its own, apart from the script's."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Any, Final

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import _set_pg_timeout

from tuitrain.errors import RunFailedError

from .follower_liveness import FollowerLiveness
from .gloo_threads import end_at_once
from .leader_liveness import LeaderLiveness
from .liveness import Liveness, rank_timeout

_PACKET: Final = 1024
"""Bytes of a broadcast. A longer message takes a second one."""

_LENGTH: Final = 8
"""Bytes of a packet that give the length of the message."""

_NO_TIMEOUT: Final = timedelta(days=365)
"""A paused run may wait for days; whether a rank lives is watched by `liveness`."""


class Channel:
    """Sends what rank 0 decides to the other ranks, and their answers back.

    Every method is called by all ranks in the same order. Messages are in the memory of the CPU,
    so neither a GPU nor NCCL is waited for.

    Attributes
    ----------
    rank : of this process
    size : the number of ranks

    Raises
    ------
    RunFailedError : by every method, if a rank is lost; at first, if they do not reach each other
    """

    _liveness: Liveness | None = None

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        try:
            self._group: dist.ProcessGroup | None = _make_group()
            self._liveness = self._watch()
        except (RuntimeError, OSError) as error:  # of gloo, and of the connection to rank 0
            raise RunFailedError(f"the ranks do not reach each other: {error}") from None
        _set_pg_timeout(_NO_TIMEOUT, self._group)
        self._liveness.start()

    @property
    def liveness(self) -> Liveness:
        """Whether the ranks live."""
        assert self._liveness is not None
        return self._liveness

    def send(self, message: bytes, timeout: float | None = None) -> None:
        """Send a message to the other ranks; called by rank 0.

        Parameters
        ----------
        timeout : seconds after which the ranks that do not receive it are given up

        Raises
        ------
        TimeoutError : one has not received it
        """
        packet = torch.zeros(_PACKET, dtype=torch.uint8)
        packet[:_LENGTH] = _bytes(len(message).to_bytes(_LENGTH, "little"))
        is_short = len(message) <= _PACKET - _LENGTH
        if is_short and message:
            packet[_LENGTH : _LENGTH + len(message)] = _bytes(message)
        self._wait(dist.broadcast(packet, 0, group=self._group, async_op=True), timeout)
        if not is_short:
            self._wait(dist.broadcast(_bytes(message), 0, group=self._group, async_op=True))

    def receive(self, timeout: float | None = None) -> bytes:
        """Wait for a message of rank 0; called by the others.

        Parameters
        ----------
        timeout : maximum seconds to wait

        Raises
        ------
        TimeoutError : there was none
        """
        packet = torch.empty(_PACKET, dtype=torch.uint8)
        self._wait(dist.broadcast(packet, 0, group=self._group, async_op=True), timeout)
        length = int.from_bytes(_plain(packet[:_LENGTH]), "little")
        if length <= _PACKET - _LENGTH:
            return _plain(packet[_LENGTH : _LENGTH + length])
        message = torch.empty(length, dtype=torch.uint8)
        self._wait(dist.broadcast(message, 0, group=self._group, async_op=True))
        return _plain(message)

    def gather(self, answer: bytes, timeout: float | None = None) -> list[bytes]:
        """Return the answers of all ranks, by rank; an empty list elsewhere than in rank 0.

        Parameters
        ----------
        timeout : maximum seconds to wait for the first of them

        Raises
        ------
        TimeoutError : there was none
        """
        own = torch.tensor([len(answer)], dtype=torch.int64)
        lengths = [torch.zeros_like(own) for _ in range(self.size)]
        self._wait(dist.all_gather(lengths, own, group=self._group, async_op=True), timeout)
        longest = max(int(length) for length in lengths)
        padded = _bytes(answer.ljust(max(longest, 1), b"\0"))
        if self.rank:
            self._wait(dist.gather(padded, None, 0, group=self._group, async_op=True))
            return []
        rows = [torch.empty_like(padded) for _ in range(self.size)]
        self._wait(dist.gather(padded, rows, 0, group=self._group, async_op=True))
        pairs = zip(rows, lengths, strict=True)
        return [_plain(row[: int(length)]) for row, length in pairs]

    def add(self, values: Sequence[float]) -> list[float]:
        """Return the sums of numbers over all ranks: one all-reduce."""
        total = torch.tensor(list(values), dtype=torch.float64)
        self._wait(dist.all_reduce(total, group=self._group, async_op=True))
        return total.tolist()

    def share(self, text: str) -> str:
        """Return the text that rank 0 has."""
        if self.rank:
            return self.receive().decode()
        self.send(text.encode())
        return text

    def close(self) -> None:
        """Release the group: the run has ended on all ranks. The script may have done so."""
        self.liveness.close()
        group, self._group = self._group, None  # its threads end with the last reference
        if group is not None:
            with suppress(ValueError, AssertionError, RuntimeError):
                dist.destroy_process_group(group)

    def _watch(self) -> Liveness:
        timeout = rank_timeout()
        if self.rank:
            return FollowerLiveness(self.rank, self.share(""), timeout)
        leader = LeaderLiveness(self.size, timeout)
        self.share(leader.address)
        return leader

    def _wait(self, work: Any, timeout: float | None = None) -> None:
        """Wait for an operation, or until a rank is lost; signals are handled meanwhile."""
        done = threading.Event()
        work.get_future().then(lambda _: done.set())
        liveness = self._liveness
        with nullcontext() if liveness is None else liveness.waiting(done):
            is_done = done.wait(timeout)
        if not is_done or (liveness is not None and liveness.lost):
            end_at_once(self._group)
        if liveness is not None:
            liveness.check()
        if not is_done:
            raise TimeoutError(f"the ranks have not met within {timeout:g} s")
        try:
            work.wait()
        except RuntimeError as error:
            explained = error if liveness is None else liveness.explain(error)
            raise (explained or error) from None


def _make_group() -> dist.ProcessGroup:
    """Make a group of all ranks, whose operations end when a rank does not take part in time."""
    group = dist.new_group(backend="gloo", timeout=timedelta(seconds=rank_timeout()))
    assert isinstance(group, dist.ProcessGroup)  # all ranks are in it
    return group


def _bytes(content: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)


def _plain(tensor: torch.Tensor) -> bytes:
    return tensor.numpy().tobytes()
