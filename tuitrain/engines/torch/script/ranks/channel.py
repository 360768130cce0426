# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The channel between the ranks of a run: a gloo group of its own, apart from the script's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import torch
import torch.distributed as dist

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
    """

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self._group = dist.new_group(backend="gloo", timeout=_NO_TIMEOUT)

    def send(self, message: bytes) -> None:
        """Send a message to the other ranks; called by rank 0."""
        packet = torch.zeros(_PACKET, dtype=torch.uint8)
        packet[:_LENGTH] = _bytes(len(message).to_bytes(_LENGTH, "little"))
        is_short = len(message) <= _PACKET - _LENGTH
        if is_short and message:
            packet[_LENGTH : _LENGTH + len(message)] = _bytes(message)
        dist.broadcast(packet, 0, group=self._group)
        if not is_short:
            dist.broadcast(_bytes(message), 0, group=self._group)

    def receive(self) -> bytes:
        """Wait for a message of rank 0; called by the others."""
        packet = torch.empty(_PACKET, dtype=torch.uint8)
        dist.broadcast(packet, 0, group=self._group)
        length = int.from_bytes(_plain(packet[:_LENGTH]), "little")
        if length <= _PACKET - _LENGTH:
            return _plain(packet[_LENGTH : _LENGTH + length])
        message = torch.empty(length, dtype=torch.uint8)
        dist.broadcast(message, 0, group=self._group)
        return _plain(message)

    def gather(self, answer: bytes) -> list[bytes]:
        """Return the answers of all ranks, by rank; an empty list elsewhere than in rank 0."""
        own = torch.tensor([len(answer)], dtype=torch.int64)
        lengths = [torch.zeros_like(own) for _ in range(self.size)]
        dist.all_gather(lengths, own, group=self._group)
        longest = max(int(length) for length in lengths)
        padded = _bytes(answer.ljust(max(longest, 1), b"\0"))
        if self.rank:
            dist.gather(padded, None, 0, group=self._group)
            return []
        rows = [torch.empty_like(padded) for _ in range(self.size)]
        dist.gather(padded, rows, 0, group=self._group)
        pairs = zip(rows, lengths, strict=True)
        return [_plain(row[: int(length)]) for row, length in pairs]

    def add(self, values: Sequence[float]) -> list[float]:
        """Return the sums of numbers over all ranks: one all-reduce."""
        total = torch.tensor(list(values), dtype=torch.float64)
        dist.all_reduce(total, group=self._group)
        return total.tolist()

    def share(self, text: str) -> str:
        """Return the text that rank 0 has."""
        if self.rank:
            return self.receive().decode()
        self.send(text.encode())
        return text


def _bytes(content: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)


def _plain(tensor: torch.Tensor) -> bytes:
    return tensor.numpy().tobytes()
