# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The engine of rank 0, which has the session: what it does, the other ranks do too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tuitrain.commands import AnyCommand, to_text
from tuitrain.errors import CheckpointError, RefusedError, RunFailedError, StateMismatchError

from ....state import Array, EngineState
from ....steerable import CommandResult
from ....views import RankView
from ..engine import TorchScriptEngine
from ..part_store import PartStore
from .channel import Channel
from .leader_loop import LeaderLoop
from .leader_parts import LeaderParts
from .messages import Apply, Capture, Digests, Load, encode
from .rank_digests import SHORT_DIGITS, WHOLE, RankDigests, combine
from .state_codec import encode_state, parts_of, ranks_of, with_parts


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
        self._parts = LeaderParts(channel, self.loop.send)

    def use_part_store(self, store: PartStore, folder: Path) -> None:
        """Note the folder in which the other ranks save their parts of a state."""
        del store
        self._parts.folder = folder

    @property
    def is_sharded(self) -> bool:
        """Whether each rank has a part of the parameters."""
        return self.loop.is_sharded

    def gradient(self, parameter: str) -> Array | None:
        """Return the last gradient computed, or None; None too if each rank has a part of it."""
        return None if self.is_sharded else super().gradient(parameter)

    def ranks(self) -> Sequence[RankView]:
        """Return the views of the ranks, without times before their first reports."""
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

        Where parameters are sharded, each rank keeps its part, and the state names it. A loop that
        fetches its own batches cannot go back, so else the parts are left out there.
        """
        state = super().state()
        if self.is_sharded:
            if not self.loop.is_steerable:
                raise CheckpointError("the ranks of this run are at different steps; try it again")
            return self._parts.keep(state)
        if self._batches is None or not self.loop.is_steerable:
            return state
        self.loop.send(Capture())
        answers = self._channel.gather(b"")
        return with_parts(state, [msgspec.msgpack.decode(answer) for answer in answers[1:]])

    def load_state(self, state: EngineState) -> None:
        """Have all ranks continue from a state; see `Stateful.load_state`."""
        ranks = ranks_of(state)
        if ranks != self._channel.size:
            raise StateMismatchError(
                f"the state is of {ranks} processes, and this run has {self._channel.size}"
            )
        if self.is_sharded:
            message = self._parts.prepare(state)
            super().load_state(state)
            self.loop.send(message)
            return
        super().load_state(state)
        parts = parts_of(state)
        plain = with_parts(state, [])
        self.loop.send(Load(encode_state(plain), tuple(map(msgspec.msgpack.encode, parts))))

    def write_parts(self, name: str, state: EngineState) -> EngineState:
        """Have the other ranks save their parts beside a checkpoint; see `LeaderParts.write`."""
        return self._parts.write(name, state) if self.is_sharded else state

    def settle_parts(self, is_saved: bool) -> None:
        """Remove the parts that belong to no checkpoint; see `LeaderParts.settle`."""
        self._parts.settle(is_saved)

    def digest(self) -> str:
        """Return the digest of all ranks' parts; see `Stateful.digest`.

        "" where the ranks are at different steps.
        """
        if not self.is_sharded:
            return super().digest()
        digest = self._combined({WHOLE: super().digest()}, is_whole=True).get(WHOLE)
        return f"sha256:{digest}" if digest else ""

    def digests(self) -> Mapping[str, str]:
        """Return the digests of all ranks' parts by name; see `Stateful.digests`.

        None where the ranks are at different steps.
        """
        own = super().digests()
        return self._combined(own, is_whole=False) if self.is_sharded else own

    def _combined(self, own: Mapping[str, str], is_whole: bool) -> dict[str, str]:
        """Combine digests of this rank with those of the others; nothing if they do not answer."""
        turns, liveness = self.loop.turns, self._channel.liveness
        has_ended = turns.has_ended
        is_lost = bool(liveness.lost) or self.loop.error is not None
        if is_lost or turns.has_announced or not (self.loop.is_steerable or has_ended):
            return {}
        timeout = liveness.timeout if has_ended else None
        try:
            self._channel.send(encode(Digests(is_whole)), timeout)
            part = RankDigests(self.step, own)
            answers = self._channel.gather(msgspec.msgpack.encode(part), timeout)
        except (RunFailedError, RuntimeError, TimeoutError):  # gloo has its own
            return {}
        parts = [msgspec.msgpack.decode(answer, type=RankDigests) for answer in answers]
        return combine(parts, 64 if is_whole else SHORT_DIGITS)

    def _tell_difference(self, text: str) -> None:
        self.on_difference(text)

    def leave(self) -> None:
        """Tell the other ranks that the run has ended; called by the loop after its end."""
        self.loop.turns.announce()
        self._channel.close()

    def stop_ranks(self) -> None:
        """Stop the loops of all ranks, which wait for the first exchange."""
        self.loop.turns.release(stop=True)
        self.leave()
