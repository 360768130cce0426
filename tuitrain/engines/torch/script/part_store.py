"""The files of states whose parts several processes have, each its own."""

from __future__ import annotations

from typing import Protocol

from ...state import EngineState


class PartStore(Protocol):
    """Saves the part of a state that a rank has, in a file of its own.

    A place is the path that the files of all ranks of one state begin with.
    """

    def write(self, place: str, rank: int, ranks: int, state: EngineState) -> None:
        """Write the part of a rank.

        Parameters
        ----------
        ranks : the number of parts of the state

        Raises
        ------
        CheckpointError : it cannot be written
        """
        ...

    def read(self, place: str, rank: int, ranks: int) -> EngineState:
        """Return the part of a rank.

        Parameters
        ----------
        ranks : the number of parts that the state is expected to have

        Raises
        ------
        CheckpointError : there is no such file, it is damaged, or the state has another number of
            parts
        """
        ...

    def remove(self, place: str, rank: int) -> None:
        """Remove the part of a rank, if there is one."""
        ...

    def remove_others(self, place: str, rank: int) -> None:
        """Remove the parts that a rank has at other places in the same folder."""
        ...
