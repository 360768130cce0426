# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The loop of rank 0: it agrees with the other ranks on the step of the next exchange."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from tuitrain.errors import RunFailedError

from ....pending_step import PendingStep, meets_condition
from ....views import RankView
from ..loop_parts import LoopParts
from .agreed_turns import LeaderTurns
from .channel import Channel
from .common_step import agree_on_step
from .messages import Grant, Message, Release, Report, encode
from .rank_loop import RankLoop, RankReport

BURST_SECONDS: Final = 0.03
"""Seconds between two exchanges, as far as one step does not take longer."""

REPORT_SECONDS: Final = 1.0
"""Seconds between two reports of the ranks."""


class LeaderLoop(RankLoop):
    """The loop of rank 0; see `TorchLoop`.

    Attributes
    ----------
    ranks : the views of the ranks; see `RankView` for those before the first reports
    on_difference : called with a sentence when the parameters of a rank differ, once
    """

    turns: LeaderTurns  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, parts: LoopParts) -> None:
        super().__init__(parts)
        self.turns = LeaderTurns()
        self.ranks: tuple[RankView, ...] = ()
        self.on_difference: Callable[[str], None] = lambda _: None
        self._seconds, self._is_new_run = 0.0, True
        self._reported_at, self._has_differed = time.perf_counter(), False

    def join(self, channel: Channel) -> None:
        """Take the channel to the other ranks."""
        self.channel = channel
        self.ranks = tuple(map(RankView, range(channel.size)))
        self.turns.on_release = self._release
        self.turns.on_session_end = channel.liveness.has_session_ended.set
        channel.liveness.on_lost = self._lose

    @property
    def is_steerable(self) -> bool:
        """Whether all ranks are at this boundary, so that commands can be applied."""
        return self.turns.left <= 0

    def send(self, message: Message) -> None:
        """Send a message to the other ranks."""
        self.channel.send(encode(message))

    def collect_reports(self) -> None:
        """Note the metrics reported so far; see `SteeredLoop.collect_reports`."""
        super().collect_reports()
        if self.logged:
            self.turns.report()

    def _grant(self, max_steps: int, is_new: bool) -> None:
        """Agree with the other ranks on the step of the next exchange."""
        if self.turns.has_ended or self.turns.is_released:
            return
        count = int(BURST_SECONDS / self._seconds) if self._seconds else 1
        count = max(1, min(count, max_steps))
        holds = self._should_hold is not None
        if time.perf_counter() - self._reported_at > REPORT_SECONDS:
            self._collect_ranks()
        self.turns.left = count
        self._measures = self.is_sharded and self._measuring.is_due
        condition = self._hold_condition
        self.send(Grant(self.step, count, is_new, holds, condition, self._measures))

    def _is_to_be_measured(self) -> bool:
        return self._measures if self.is_sharded else super()._is_to_be_measured()

    def _collect_ranks(self) -> None:
        """Ask all ranks for their views, and compare their parameters."""
        self.send(Report())
        answers = self.channel.gather(msgspec.msgpack.encode(self.report()))
        reports = [msgspec.msgpack.decode(answer, type=RankReport) for answer in answers]
        self.ranks = tuple(
            RankView(
                rank,
                report.host,
                report.step_seconds,
                report.own_seconds,
                None if self.is_sharded else report.checksum == reports[0].checksum,
            )
            for rank, report in enumerate(reports)
        )
        self._reported_at = time.perf_counter()
        other = next((view.rank for view in self.ranks if view.agrees is False), None)
        if other is not None and not self._has_differed:
            self._has_differed = True
            self.on_difference(
                f"the parameters of rank {other} differ from those of rank 0 at step {self.step}: "
                "the script changes them on one rank, or its gradients are not averaged"
            )

    def _begin_turns(self, max_steps: int) -> None:
        super()._begin_turns(max_steps)
        self.channel.liveness.has_session_ended.clear()
        self._is_new_run = True

    def _take_turn(self, left: int) -> None:
        """Let the loops of all ranks take steps, and note how long one takes."""
        if self.turns.left <= 0:
            self._grant(min(self._turn_steps, left), self._is_new_run)
        self._is_new_run = False
        before, began = len(self._losses), time.perf_counter()
        self.turns.let_run(min(self.turns.left, left))
        taken = len(self._losses) - before
        if self._is_held:
            self.turns.left = 0  # the other ranks are held too
        elif taken:
            self._seconds = (time.perf_counter() - began) / taken

    def _wants_hold(self, pending: PendingStep) -> bool:
        """Whether a breakpoint holds a step of all ranks."""
        if self._should_hold is None or self.turns.is_released:
            return False
        step, condition = agree_on_step(pending, self.channel), self._hold_condition
        if condition is not None and not meets_condition(step, condition):
            return False
        is_held = self._should_hold(step)
        self.channel.send(b"held" if is_held else b"")
        return is_held

    def _release(self, is_stopped: bool) -> None:
        """Tell the other ranks that the session has ended; those that have left do not hear it."""
        liveness = self.channel.liveness
        if self.error is None:
            with suppress(TimeoutError, RuntimeError):
                self.channel.send(encode(Release(is_stopped)), liveness.timeout)
        liveness.close()

    def _lose(self, reason: str) -> None:
        """End the run, because a rank is lost; called in a thread of its own."""
        is_interrupted = self.channel.liveness.is_interrupted
        self.error = KeyboardInterrupt(reason) if is_interrupted else RunFailedError(reason)
        self.turns.on_stop = self.channel.liveness.check
        self.turns.abandon()
        self._note_cut(self.error)
        self.turns.has_ended = True
