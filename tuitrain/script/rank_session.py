"""The session of rank 0 in a training of several processes; torch is not imported here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tuitrain.encoding import write_line
from tuitrain.errors import RefusedError
from tuitrain.run.session import Session
from tuitrain.text import visible

from .headless_host import HeadlessHost
from .host import Host
from .repeating_host import RepeatingHost

if TYPE_CHECKING:
    from tuitrain.engines.registry import TorchScriptEngine


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
    session.refuse_checkpoints(engine.checkpoint_problem)
    engine.on_difference = write_warning


def write_warning(text: str) -> None:
    """Write a sentence to stderr."""
    write_line(visible(f"tuitrain: {text}"), sys.stderr)
