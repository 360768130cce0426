# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The engine of a rank from 1 on: it does what rank 0 sends, and has no session."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from tuitrain.commands import parse
from tuitrain.errors import RefusedError, RunFailedError

from ....pending_step import PendingStep, meets_condition
from ..engine import TorchScriptEngine
from ..loop_parts import LoopParts
from ..part_store import PartStore
from .agreed_turns import FollowerTurns
from .channel import Channel
from .common_step import agree_on_step
from .liveness import FAILED
from .messages import (
    Apply,
    Capture,
    Digests,
    Grant,
    Load,
    Message,
    Release,
    Report,
    decode,
)
from .part_keeper import PartKeeper
from .rank_digests import WHOLE, RankDigests
from .rank_loop import RankLoop
from .state_codec import decode_state


def _never_called(step: PendingStep) -> bool:
    del step
    raise AssertionError("rank 0 decides whether a step is held")


class FollowerLoop(RankLoop):
    """The loop of a rank from 1 on; see `TorchLoop`."""

    turns: FollowerTurns  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, parts: LoopParts) -> None:
        super().__init__(parts)
        self.turns = FollowerTurns(self._exchange)
        self.take_message = self._refuse
        self._leader_loss = 0.0

    def begin_turn(self, grant: Grant) -> None:
        """Take the steps of a grant.

        Raises
        ------
        RunFailedError : rank 0 is at another step
        """
        if grant.step != self.step:
            self.fail(f"meets rank 0, which is at step {grant.step}")
        if grant.is_new:
            self._losses, self._hold_condition = [], grant.condition
            self._should_hold = _never_called if grant.holds else None
        self._measures = grant.is_measured
        self.turns.grant(grant.count)

    def fail(self, reason: str) -> NoReturn:
        """End the run of all ranks.

        Raises
        ------
        RunFailedError : always
        """
        failure = f"has failed at step {self.step}: it {reason}"
        self.channel.liveness.report(FAILED, failure)
        raise RunFailedError(f"rank {self.channel.rank} {failure}")

    def collect_reports(self) -> None:
        """Drop the metrics reported so far: those of rank 0 count."""
        self.reported = {}

    def has_reports_of_boundary(self) -> bool:
        """Return False: no metrics are recorded here."""
        return False

    def _exchange(self) -> None:
        while not self.take_message(decode(self.channel.receive())):
            pass

    def _refuse(self, message: Message) -> bool:
        raise AssertionError(f"a message before the engine: {message}")

    def _wants_hold(self, pending: PendingStep) -> bool:
        """Whether a breakpoint holds a step of all ranks."""
        if self._should_hold is None or self.turns.is_released:
            return False
        step, condition = agree_on_step(pending, self.channel), self._hold_condition
        self._leader_loss = step.leader_loss
        if condition is not None and not meets_condition(step, condition):
            return False
        return bool(self.channel.receive())

    def _finish_step(self, loss: float) -> None:
        """Count a step, with the loss of rank 0 where breakpoints compare losses."""
        super()._finish_step(loss)
        if self._should_hold is not None:
            self._losses[-1] = self._leader_loss

    def _is_to_be_measured(self) -> bool:
        return self._measures


class FollowerEngine(TorchScriptEngine):
    """The engine of a rank from 1 on; see `TorchScriptEngine`.

    Parameters
    ----------
    channel : to rank 0
    parts : those of `TorchScriptEngine`
    """

    loop_type = FollowerLoop
    loop: FollowerLoop  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, channel: Channel, *parts: Any) -> None:
        super().__init__(*parts)
        self._channel = self.loop.channel = channel
        self.loop.take_message = self._take
        self._parts = PartKeeper(channel, self.state, self.check_state, self.load_state)

    def use_part_store(self, store: PartStore, folder: Path) -> None:
        """Note where this rank saves its part of a state; the messages say in which folder."""
        del folder
        self._parts.store = store

    def leave(self) -> None:
        """Take messages until rank 0 says that the run has ended; called after the loop's end.

        Rank 0 may measure something meanwhile: it is waited for, but no longer than for a sign of
        life.

        Raises
        ------
        RunFailedError : the loop of rank 0 takes further steps
        """
        liveness = self._channel.liveness
        liveness.leave()
        with suppress(TimeoutError):
            while not self.loop.turns.is_released:
                message = decode(self._channel.receive(liveness.timeout))
                if isinstance(message, Grant):
                    self.loop.fail(self._uneven())
                self._take(message)
        self._channel.close()

    def _take(self, message: Message) -> bool:
        """Do what rank 0 has sent; return whether the exchange is over."""
        match message:
            case Grant():
                self.loop.begin_turn(message)
                return True
            case Release(is_stopped=is_stopped):
                self._channel.liveness.close()
                self.loop.turns.release(is_stopped)
                return True
            case Apply(command=text):
                self._follow_command(text)
            case Capture():
                self._channel.gather(msgspec.msgpack.encode(self.capture_random()))
            case Report():
                self._channel.gather(msgspec.msgpack.encode(self.loop.report()))
            case Load(state=content, parts=parts):
                state = decode_state(content)
                part = msgspec.msgpack.decode(parts[self._channel.rank - 1])
                self.load_state(replace(state, random=part))
            case Digests(is_whole=is_whole):
                digests = {WHOLE: self.digest()} if is_whole else self.digests()
                part = RankDigests(self.step, digests)
                self._channel.gather(msgspec.msgpack.encode(part))
            case _:
                self._parts.take(message)
        return False

    def _follow_command(self, text: str) -> None:
        try:
            self.apply(parse(text))
        except RefusedError as refusal:
            self.loop.fail(f"refuses {text!r}, which rank 0 has applied: {refusal}")

    def _uneven(self) -> str:
        return (
            "has ended its loop, and rank 0 has not: every rank takes the same number of steps, "
            "also under Join"
        )
