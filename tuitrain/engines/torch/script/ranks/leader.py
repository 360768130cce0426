# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The engine of rank 0, which has the session: what it does, the other ranks do too."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from tuitrain.commands import AnyCommand, to_text
from tuitrain.errors import RefusedError, RunFailedError, StateMismatchError, describe_error

from ....capabilities import Capabilities, Capability
from ....pending_step import HoldCondition, PendingStep, meets_condition
from ....state import Array, EngineState
from ....steerable import CommandResult
from ....views import RankView
from ..engine import TorchScriptEngine
from ..loop_parts import LoopParts
from .agreed_turns import LeaderTurns
from .channel import Channel
from .common_step import agree_on_step
from .messages import Apply, Capture, Grant, Load, Message, Release, Report, encode
from .rank_loop import RankLoop, RankReport
from .state_codec import encode_state, parts_of, with_parts

BURST_SECONDS: Final = 0.03
"""Seconds between two exchanges, as far as one step does not take longer."""

SHARDED: Final = (
    "each rank of this training has a part of the parameters (fully_shard), and none has a whole "
    "state to save or to go back to; the script can save its own checkpoint"
)
"""Why a run with sharded parameters has no way back and no checkpoints."""

REPORT_SECONDS: Final = 1.0
"""Seconds between two reports of the ranks."""


class LeaderLoop(RankLoop):
    """The loop of rank 0; see `TorchLoop`.

    Attributes
    ----------
    ranks : what is shown of the ranks
    on_difference : called with a sentence when the parameters of a rank differ, once
    """

    turns: LeaderTurns  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, parts: LoopParts) -> None:
        super().__init__(parts)
        self.turns = LeaderTurns()
        self.ranks: tuple[RankView, ...] = ()
        self.on_difference: Callable[[str], None] = lambda _: None
        self._seconds = 0.0
        self._reported_at, self._has_differed = time.perf_counter(), False

    def join(self, channel: Channel) -> None:
        """Take the channel to the other ranks."""
        self.channel = channel
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

    def run(
        self,
        steps: int,
        should_stop: Callable[[], bool],
        should_hold: Callable[[PendingStep], bool] | None,
        hold_condition: HoldCondition | None,
    ) -> Sequence[float]:
        """Let the loops of all ranks take steps, and wait; see `SteeredLoop.run`."""
        self._losses, self._should_hold, self._is_held = [], should_hold, False
        self._hold_condition, self._max_steps = hold_condition, steps
        self.logged = {}
        self.channel.liveness.has_session_ended.clear()
        is_new = True
        while (taken := len(self._losses)) < steps:
            if self.turns.left <= 0:
                self._grant(steps - taken, is_new)
            is_new = False
            self._take_turn(min(self.turns.left, steps - taken))
            if self._is_held or self.logged or self.turns.has_ended or self.turns.is_released:
                break
            if should_stop():
                break
        if isinstance(self.error, Exception) and not self._losses:
            raise self.error
        return self._losses

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
        """Ask all ranks for what is shown of them, and compare their parameters."""
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

    def _take_turn(self, steps: int) -> None:
        """Let the loop take steps, and note how long one takes."""
        before, began = len(self._losses), time.perf_counter()
        self.turns.let_run(steps)
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

    def end(self, error: BaseException | None = None) -> None:
        """Note that the loop has ended; see `SteeredLoop.end`."""
        explained = self.channel.liveness.explain(error)
        super().end(explained)
        if explained is not None:
            what = f"rank 0 has failed at step {self.step}: {describe_error(explained)}"
            self.channel.liveness.report_failure(what)

    def _release(self, is_stopped: bool) -> None:
        """Tell the other ranks that the session has ended; those that have left do not hear it."""
        liveness = self.channel.liveness
        if self.error is None:
            with suppress(TimeoutError, RuntimeError):
                self.channel.send(encode(Release(is_stopped)), liveness.timeout)
        liveness.close()

    def _lose(self, reason: str) -> None:
        """End the run, because a rank is lost; called in a thread of its own."""
        self.error = RunFailedError(reason)
        self.turns.on_stop = self.channel.liveness.check
        self.turns.abandon()
        self.turns.has_ended = True


def _without_way_back(capabilities: Capabilities) -> Capabilities:
    """Return the capabilities of a run whose ranks have a part of the parameters each."""
    lost = {Capability.REWIND, Capability.LR_SWEEP}
    reasons = {**capabilities.reasons, **dict.fromkeys(lost, SHARDED)}
    return Capabilities(capabilities.offered - lost, reasons)


class LeaderEngine(TorchScriptEngine):
    """The engine of rank 0; see `TorchScriptEngine`.

    Parameters
    ----------
    channel : to the other ranks
    parts : those of `TorchScriptEngine`
    """

    loop_type = LeaderLoop
    loop: LeaderLoop  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, channel: Channel, *parts: Any) -> None:
        super().__init__(*parts)
        self._channel = channel
        self.loop.join(channel)
        self.loop.on_difference = self._tell_difference
        if self._batches is not None:
            self.batch_size *= channel.size  # of all ranks together
        if self.loop.is_sharded:
            self.capabilities = _without_way_back(self.capabilities)

    @property
    def is_sharded(self) -> bool:
        """Whether each rank has a part of the parameters."""
        return self.loop.is_sharded

    @property
    def checkpoint_problem(self) -> str:
        """Why no checkpoint can be made, or ""."""
        return SHARDED if self.is_sharded else ""

    def gradient(self, parameter: str) -> Array | None:
        """Return the last gradient computed, or None; None too if each rank has a part of it."""
        return None if self.is_sharded else super().gradient(parameter)

    def ranks(self) -> Sequence[RankView]:
        """Return what is shown of the ranks; nothing before their first reports."""
        return self.loop.ranks

    def apply(self, command: AnyCommand) -> CommandResult:
        """Apply a command to the groups of all ranks; see `Steerable.apply`."""
        if not self.loop.is_steerable:
            raise RefusedError("the ranks of this run are at different steps; try it again")
        result = super().apply(command)
        self.loop.send(Apply(to_text(command)))
        return result

    def state(self) -> EngineState:
        """Return a copy of the state, with the part of each rank; see `Stateful.state`.

        A loop that fetches its own batches cannot go back, so the parts are left out.
        """
        state = super().state()
        if self._batches is None or self.is_sharded or not self.loop.is_steerable:
            return state
        self.loop.send(Capture())
        answers = self._channel.gather(b"")
        return with_parts(state, [msgspec.msgpack.decode(answer) for answer in answers[1:]])

    def load_state(self, state: EngineState) -> None:
        """Have all ranks continue from a state; see `Stateful.load_state`."""
        parts = parts_of(state)
        if len(parts) != self._channel.size - 1:
            raise StateMismatchError(
                f"the state is of {len(parts) + 1} processes, and this run has {self._channel.size}"
            )
        super().load_state(state)
        plain = with_parts(state, [])
        self.loop.send(Load(encode_state(plain), tuple(map(msgspec.msgpack.encode, parts))))

    def _tell_difference(self, text: str) -> None:
        self.on_difference(text)

    def leave(self) -> None:
        """Tell the other ranks that the run has ended; called by the loop after its end."""
        self.loop.turns.announce()
        self._channel.close()
