"""The process of a script's detached run: it serves the run, and ends with the script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tuitrain.remote.detached.host import host_run
from tuitrain.run.live.live_run import LiveRun

from .live_script import LiveScript

STEP_SECONDS: Final = 10.0
"""Seconds that the present step gets to end, if a signal ends the process."""


def host_script(path: Path, arguments: Sequence[str], folder: Path, paused: bool = False) -> int:
    """Run a script in this process, its run served to viewers; return the script's exit status.

    Parameters
    ----------
    arguments : of the script
    folder : of the record
    paused : whether the run waits for a user before its first step

    Raises
    ------
    TuitrainError : there is no such script, or the run is live already
    RunFailedError : the script raised
    """
    script = LiveScript(path, arguments, folder, paused)

    def close(run: LiveRun) -> None:
        script.close()
        if not run.close(STEP_SECONDS):
            script.abandon()
            run.close()

    try:
        host_run(script.build, script.info, folder, close)
    finally:
        script.release()
        script.join()
    return script.status
