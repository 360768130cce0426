"""The session of rank 0 in a training of several processes; torch is not imported here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tuitrain.encoding import write_notice
from tuitrain.errors import RefusedError
from tuitrain.records.checkpoint_file import CHECKPOINTS
from tuitrain.records.part_file import PartFiles
from tuitrain.run.session import Session
from tuitrain.run.session_state import SessionState

from .headless_host import HeadlessHost
from .host import Host
from .repeating_host import RepeatingHost

if TYPE_CHECKING:
    from tuitrain.engines.registry import TorchScriptEngine


class RankParts:
    """The parts of a state that the other ranks save; see `StateParts`.

    Parameters
    ----------
    engine : of rank 0
    """

    def __init__(self, engine: TorchScriptEngine) -> None:
        self._engine = engine

    def save(self, name: str, state: SessionState) -> SessionState:
        """Save them, and return the state with their place; see `StateParts.save`."""
        return replace(state, engine=self._engine.write_parts(name, state.engine))

    def settle(self, is_saved: bool) -> None:
        """Remove the parts that belong to no checkpoint; see `StateParts.settle`."""
        self._engine.settle_parts(is_saved)


def prepare_engine(engine: TorchScriptEngine, folder: Path) -> None:
    """Note where the ranks save their parts of a state: in the record's folder.

    Called on all ranks; the files of a rank are written by its process, on its machine.
    """
    engine.use_part_store(PartFiles(), folder / CHECKPOINTS)


def check_host(host: Host) -> None:
    """Check that a run has no screen in its own process, which other ranks do not have.

    Raises
    ------
    RefusedError : it has
    """
    if not isinstance(host, HeadlessHost | RepeatingHost):
        raise RefusedError(
            "a run in several processes has no screen of its own: start the script by itself, "
            "and then `tuitrain attach`"
        )


def prepare_session(session: Session, engine: TorchScriptEngine) -> None:
    """Have a session show its ranks, and cache the state after the first step.

    DistributedDataParallel rearranges the gradients after its first step, and a sum of more than
    two ranks may then have other last bits. So the first step is not taken again.
    """
    session.timeline.also_cached = 1
    session.show_ranks(engine.ranks)
    session.checkpoints.parts = RankParts(engine)
    engine.on_difference = write_notice
