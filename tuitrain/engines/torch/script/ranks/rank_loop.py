# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The common base of the loops of all ranks: the channel, the clock of a step, a report."""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import torch

from ...arrays import is_sharded, local_part, to_array
from ..backward import observe_start
from ..loop import TorchLoop
from ..loop_parts import LoopParts
from .channel import Channel

MAX_SAMPLED: Final = 1 << 16
"""Maximum number of elements of the parameters that a checksum covers."""


class RankReport(msgspec.Struct, frozen=True, array_like=True):
    """The report of a rank.

    Attributes
    ----------
    host : the name of its machine
    step_seconds : the mean time of a step since the last report, without exchanges
    own_seconds : of this the time to the backward pass, in which no rank waits for another
    checksum : of evenly spaced elements of the parameters
    """

    host: str
    step_seconds: float
    own_seconds: float
    checksum: int


class StepClock:
    """Measures the steps of a loop, and their time to the backward pass."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._started_backward: float | None = None
        self._steps, self._seconds, self._own_seconds = 0, 0.0, 0.0

    def begin(self) -> None:
        """Note that a step begins."""
        self._began, self._started_backward = time.perf_counter(), None

    def start_backward(self) -> None:
        """Note that a backward pass begins; the first of a step counts."""
        if self._started_backward is None:
            self._started_backward = time.perf_counter()

    def end(self) -> None:
        """Note that a step has ended."""
        if self._began is None:
            return
        now = time.perf_counter()
        self._steps += 1
        self._seconds += now - self._began
        self._own_seconds += (self._started_backward or now) - self._began
        self._began = None

    def take_means(self) -> tuple[float, float]:
        """Return the mean seconds of the steps since the last call; zeros without a step."""
        steps = max(1, self._steps)
        means = self._seconds / steps, self._own_seconds / steps
        self._steps, self._seconds, self._own_seconds = 0, 0.0, 0.0
        return means


class RankLoop(TorchLoop):
    """The loop of one of several ranks; see `TorchLoop`.

    Attributes
    ----------
    channel : to the other ranks
    is_sharded : whether each rank has a part of the parameters: norms are then sums over all ranks
    """

    channel: Channel

    def __init__(self, parts: LoopParts) -> None:
        super().__init__(parts)
        self.is_sharded = any(map(is_sharded, self._groups.parameters.values()))
        self._measures = False
        self._clock = StepClock()
        self._end_clock: Callable[[], None] = lambda: None

    def install(self, on_first_step: Callable[[], None]) -> None:
        """Put hooks into the script's optimizers; see `TorchLoop.install`."""
        self._end_clock = observe_start(self._clock.start_backward)
        super().install(on_first_step)

    def uninstall(self) -> None:
        """Remove the hooks; see `TorchLoop.uninstall`."""
        self._end_clock()
        super().uninstall()

    def end(self, error: BaseException | None = None) -> None:
        """Note that the loop has ended, and tell the other ranks; see `SteeredLoop.end`."""
        explained = self.channel.liveness.explain(error)
        super().end(explained)
        if explained is not None:
            self.channel.liveness.report_end(explained, self.step)

    def visit(self) -> None:
        """Visit the boundary; see `TorchLoop.visit`."""
        super().visit()
        self._clock.begin()

    def report(self) -> RankReport:
        """Return the view of this rank."""
        step_seconds, own_seconds = self._clock.take_means()
        checksum = sample_checksum(self._groups.parameters.values())
        return RankReport(socket.gethostname(), step_seconds, own_seconds, checksum)

    def _finish_step(self, loss: float) -> None:
        super()._finish_step(loss)
        self._measures = False
        self._clock.end()


def sample_checksum(parameters: Iterable[torch.nn.Parameter]) -> int:
    """Return the CRC-32 of evenly spaced elements of parameters, at most `MAX_SAMPLED`."""
    items = [local_part(item.detach()) for item in parameters]
    stride = max(1, sum(item.numel() for item in items) // MAX_SAMPLED)
    checksum = 0
    for item in items:
        checksum = zlib.crc32(to_array(item.reshape(-1)[::stride].contiguous()).data, checksum)
    return checksum
