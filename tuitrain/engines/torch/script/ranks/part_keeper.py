# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The part of a rank from 1 on in the states of a run with sharded parameters."""

from __future__ import annotations

from collections.abc import Callable

from tuitrain.errors import CheckpointError, StateMismatchError

from ....state import EngineState
from ..part_store import PartStore
from .channel import Channel
from .messages import KeepPart, LoadPart, PartMessage, ReadPart, RemoveParts, WritePart


class PartKeeper:
    """Keeps the parts of states that rank 0 may go back to.

    Parameters
    ----------
    channel : to rank 0
    get_state : returns the part of this rank at the present boundary
    check_state : raises `StateMismatchError` if a part does not fit this rank
    load_state : continues from a part

    Attributes
    ----------
    store : has the files of parts; set before the first checkpoint
    """

    def __init__(
        self,
        channel: Channel,
        get_state: Callable[[], EngineState],
        check_state: Callable[[EngineState], None],
        load_state: Callable[[EngineState], None],
    ) -> None:
        self.store: PartStore | None = None
        self._channel = channel
        self._get_state, self._check_state, self._load_state = get_state, check_state, load_state
        self._kept: dict[int, EngineState] = {}

    def take(self, message: PartMessage) -> None:
        """Do what rank 0 has sent, and answer where it waits for that."""
        match message:
            case KeepPart(number=number, dropped=dropped):
                for one in dropped:
                    self._kept.pop(one, None)
                self._kept[number] = self._get_state()
            case LoadPart(number=number):
                self._load_state(self._kept[number])
            case ReadPart(number=number, place=place):
                self._channel.gather(self._read_part(number, place).encode())
            case WritePart(number=number, place=place):
                self._channel.gather(self._write_part(self._kept[number], place).encode())
            case RemoveParts(place=place, others=others):
                self._remove(place, others)

    def _read_part(self, number: int, place: str) -> str:
        """Read a part and keep it; return why it cannot be loaded, or ""."""
        assert self.store is not None
        try:
            part = self.store.read(place, self._channel.rank, self._channel.size)
            self._check_state(part)
        except (CheckpointError, StateMismatchError) as error:
            return str(error)
        self._kept[number] = part
        return ""

    def _write_part(self, part: EngineState, place: str) -> str:
        """Write a part, and return why it cannot be written, or ""."""
        assert self.store is not None
        try:
            self.store.write(place, self._channel.rank, self._channel.size, part)
        except CheckpointError as error:
            return str(error)
        return ""

    def _remove(self, place: str, others: bool) -> None:
        assert self.store is not None
        remove = self.store.remove_others if others else self.store.remove
        remove(place, self._channel.rank)
