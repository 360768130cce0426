# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""Rank 0's side of the states of a run with sharded parameters: each rank keeps its own part."""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tuitrain.errors import CheckpointError, StateMismatchError

from ....state import EngineState
from ..state_parts import PARTS, is_of_parts
from .channel import Channel
from .messages import KeepPart, LoadPart, Message, ReadPart, RemoveParts, WritePart


class _Random(dict[str, Any]):
    """The ``random`` of a state; a plain dict cannot be referenced weakly.

    All copies of a state by `dataclasses.replace` have the same one, so the parts of the other
    ranks are kept for as long as it lives.
    """


class LeaderParts:
    """Has the other ranks keep, write, read and load their parts of states.

    A state names its parts by a number, or, if it is one of a checkpoint, by the place of their
    files.

    Parameters
    ----------
    channel : to the other ranks
    send : sends them a message

    Attributes
    ----------
    folder : of the checkpoints
    """

    def __init__(self, channel: Channel, send: Callable[[Message], None]) -> None:
        self.folder = Path()
        self._channel, self._send = channel, send
        self._kept: dict[int, weakref.ref[_Random]] = {}
        self._dropped: list[int] = []
        self._read: dict[str, int] = {}
        self._count = 0
        self._unsettled = ""

    def keep(self, state: EngineState) -> EngineState:
        """Have each rank keep a copy of its state; return that of rank 0, which names them."""
        self._dropped += [number for number, random in self._kept.items() if random() is None]
        dropped, self._dropped = self._dropped, []
        for number in dropped:
            self._kept.pop(number, None)
        number, random = self._next_number(), _Random(state.random)
        random[PARTS] = {"ranks": self._channel.size, "number": number}
        self._kept[number] = weakref.ref(random)
        self._send(KeepPart(number, tuple(dropped)))
        return replace(state, random=random)

    def prepare(self, state: EngineState) -> Message:
        """Return the message that loads the parts of a state, after a check that they are there.

        Parts that were read from files are kept until the process ends: the files may be replaced.

        Raises
        ------
        StateMismatchError : the state is no such state, or a part is missing or does not fit; names
            the rank
        """
        entry = state.random.get(PARTS)
        if not is_of_parts(entry):
            raise StateMismatchError("the state does not say where the parts of the ranks are")
        place = entry.get("place")
        if place is None:
            return LoadPart(entry["number"])
        if place not in self._read:
            number = self._next_number()
            self._send(ReadPart(number, self._path(place)))
            try:
                self._check_answers(StateMismatchError)
            except StateMismatchError:
                self._dropped.append(number)
                raise
            self._read[place] = number
        return LoadPart(self._read[place])

    def write(self, name: str, state: EngineState) -> EngineState:
        """Have the other ranks write their parts of a state that they keep.

        Parameters
        ----------
        name : of the checkpoint

        Returns
        -------
        The state with the place of the files

        Raises
        ------
        CheckpointError : a part cannot be written; names the rank
        """
        entry = state.random[PARTS]
        place = f"{name}.ranks/{state.step}-{secrets.token_hex(4)}"
        self._unsettled = self._path(place)
        self._send(WritePart(entry["number"], self._unsettled))
        self._check_answers(CheckpointError)
        parts = {"ranks": entry["ranks"], "place": place}
        return replace(state, random={**state.random, PARTS: parts})

    def settle(self, is_saved: bool) -> None:
        """Remove the files of the checkpoint that was replaced, or those just written.

        Parameters
        ----------
        is_saved : whether the checkpoint itself is saved
        """
        if self._unsettled:
            self._send(RemoveParts(self._unsettled, others=is_saved))
            self._unsettled = ""

    def _next_number(self) -> int:
        self._count += 1
        return self._count

    def _path(self, place: str) -> str:
        return str(self.folder.absolute() / place)

    def _check_answers(self, kind: type[CheckpointError | StateMismatchError]) -> None:
        for rank, answer in enumerate(self._channel.gather(b"")):
            if answer:
                raise kind(f"rank {rank}: {answer.decode()}")
