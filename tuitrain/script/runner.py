"""Running a script as `python SCRIPT.py` does, with a host for its run."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from traceback import print_exception
from types import TracebackType

from tuitrain.engines.loops.turns import StoppedError
from tuitrain.errors import TuitrainError, describe_error
from tuitrain.user_code import describe_mistake, find_place

from .headless_host import HeadlessHost
from .host import Host
from .host_choice import set_host
from .script_hosts import ScriptHosts


def check_script(path: Path) -> None:
    """Check that a script exists.

    Raises
    ------
    TuitrainError : it does not
    """
    if not path.is_file():
        raise TuitrainError(f"{path}: no such file")


def run_script(path: Path, arguments: Sequence[str], hosts: ScriptHosts) -> BaseException | None:
    """Run a script in this thread, and end its runs; return what has ended the script, or None.

    Parameters
    ----------
    arguments : of the script
    hosts : of its runs
    """
    folder = str(path.resolve().parent)
    before = sys.argv
    set_host(hosts.choose)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, folder)
    ended_by: BaseException | None = None
    try:
        runpy.run_path(str(path), run_name="__main__")
    except BaseException as error:
        ended_by = error.with_traceback(_from_script(error.__traceback__, path))
    finally:
        hosts.end_loops(ended_by)
        set_host()
        sys.argv = before
        with suppress(ValueError):  # the script may have removed it
            sys.path.remove(folder)
    return ended_by


def run_headless(
    path: Path, arguments: Sequence[str], out: Path | None = None, private: bool = False
) -> int:
    """Run a script without a screen, and return the exit status that Python gives it.

    It is 1 also where a run has failed, or a planned command was refused.

    Parameters
    ----------
    arguments : of the script
    out : the folder of the first record; None for a new one
    private : serve the runs to no other process

    Raises
    ------
    TuitrainError : there is no such script, the script has raised one, or it has ended without a
        step under `watch`
    KeyboardInterrupt : the user has interrupted it
    """
    check_script(path)
    host = HeadlessHost(out, private=private)
    hosts = ScriptHosts(host, private)
    error = run_script(path, arguments, hosts)
    if error is None and not host.has_started:
        raise TuitrainError(ended_without_step(path, host))
    return exit_status(error, print_exception) or int(host.has_failed or hosts.has_later_failed)


def ended_without_step(path: Path, host: Host, error: BaseException | None = None) -> str:
    """Say that a script has ended without a step of its run, and why.

    Parameters
    ----------
    error : what has ended it, or None
    """
    if isinstance(error, TuitrainError):
        return f"{describe_mistake(error)}; nothing is recorded"
    reason = "" if error is None else f": {describe_error(error)}"
    if host.end_loop is None:
        how = "" if error else " (call it before the loop: tuitrain.watch(model, optimizer))"
        return (
            f"{path} has ended without a call of tuitrain.watch{reason}; nothing is recorded{how}"
        )
    return f"{path} has ended without a step under tuitrain.watch{reason}; nothing is recorded"


def exit_status(error: BaseException | None, report: Callable[[BaseException], object]) -> int:
    """Return the exit status of a script that was ended by ``error``.

    Parameters
    ----------
    report : called with an error that Python would print with its traceback

    Raises
    ------
    TuitrainError, KeyboardInterrupt : ``error`` is one
    """
    match error:
        case None | StoppedError():
            return 0
        case SystemExit(code=code):
            if isinstance(code, int) or code is None:
                return code or 0
            print(code, file=sys.stderr)
        case TuitrainError():
            error.place = find_place(error)
            raise error
        case KeyboardInterrupt():
            raise error
        case _:
            report(error)
    return 1


def _from_script(trace: TracebackType | None, path: Path) -> TracebackType | None:
    """Return a traceback from the first line of the script on."""
    inner = trace
    while inner is not None and inner.tb_frame.f_code.co_filename != str(path):
        inner = inner.tb_next
    return inner or trace
