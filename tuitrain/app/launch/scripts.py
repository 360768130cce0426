"""Open the app on a script: its loop runs in a thread, since the app needs the main one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tuitrain.scenario.runs.run_list import new_run_folder
from tuitrain.script.live_script import LiveScript

from .detaching import detaching
from .leaving import NOTICE_SECONDS, say
from .live_run import RunLaunch, open_live, printing_record


def open_script(
    path: Path,
    arguments: Sequence[str],
    out: Path | None = None,
    read_only: bool = False,
    private: bool = False,
    paused: bool = False,
) -> int:
    """Open the app on a script, record its run, and return the script's exit status.

    Parameters
    ----------
    arguments : of the script
    out : the folder of the record; None makes a new one
    read_only : refuse every command
    private : serve the run to no other process
    paused : whether the run waits before its first step

    Raises
    ------
    TuitrainError : there is no such script
    RunFailedError : the script raised, or the screen crashed
    KeyboardInterrupt : the user has not waited for the end of the step, or of the script
    """
    where = out or new_run_folder(path.stem)
    script = LiveScript(path, arguments, where, paused, private)

    def make_words(folder: Path, options: Sequence[str]) -> list[str]:
        words = ["--", *arguments] if arguments else []
        place = ["--out", str(folder.absolute()), str(path.absolute())]
        return ["run", "--hosted", "--continued", *options, *place, *words]

    with printing_record(where), detaching(where, make_words, pauses=True) as leaving:
        run = RunLaunch(
            script.build,
            script.info,
            where,
            private,
            leaving,
            on_closed=script.close,
            abandon=script.abandon,
            find_detach_problem=script.find_detach_problem,
        )
        try:
            open_live(run, read_only)
        finally:
            script.release()
            if not script.join(NOTICE_SECONDS):
                say("waiting for the script to end; ctrl-c leaves at once")
                script.join()
        leaving.folder = script.folder
        if leaving.detaches:
            script.end_run()
    return script.status
