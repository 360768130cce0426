"""The process of a script's detached run: it serves the run, and ends with the script."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tuitrain.errors import RunFailedError, TuitrainError
from tuitrain.records.record_reader import HEADER
from tuitrain.remote.server.run_server import RunServer
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.logs.fd_capture import capture_descriptors
from tuitrain.run.logs.log_capture import LOG_NAME, LogCapture
from tuitrain.run.snapshot import Phase, RunInfo
from tuitrain.user_code import describe_at_length

from .headless_host import HeadlessHost
from .host import is_failure
from .repeating_host import RepeatingHost
from .repetition import Request
from .runner import check_script, ended_without_step, exit_status, run_script
from .script_hosts import ScriptHosts
from .service import farewell


def host_script(
    path: Path,
    arguments: Sequence[str],
    folder: Path,
    paused: bool = False,
    continued: bool = False,
) -> int:
    """Run a script in this process, served from its first line on; return its exit status.

    Its output goes to the log of the record. A planned pause, and a breakpoint, wait for a viewer.

    Parameters
    ----------
    arguments : of the script
    folder : of the record
    paused : whether the run waits for a user before its first step
    continued : continue the record in the folder, from its latest checkpoint

    Raises
    ------
    TuitrainError : there is no such script, the folder has a run or cannot be written, the run is
        live already, or the script has raised one or ended without a step under `watch`
    RunFailedError : a step has raised
    KeyboardInterrupt : the process was asked to end
    """
    check_script(path)
    if (folder / HEADER).exists() and not continued:
        raise TuitrainError(f"{folder} holds a run already; name another folder")
    output = LogCapture()
    access = LiveAccess(
        RunInfo(path.stem, "", path.name, None, 1, 0, 0, reports_metrics=True), log=output
    )
    access.report_progress(f"running {path}")
    server = RunServer(access, folder, path.stem, lambda text: output.add("warning", text))
    host: HeadlessHost | RepeatingHost
    if continued:
        host = RepeatingHost(Request("resume", str(folder), ""), access, output, paused)
    else:
        host = HeadlessHost(folder, access, output, always_waits=True, paused=paused)
    with capture_descriptors(output), output.capture(), closing(server.start()):
        _open_log(output, folder)
        hosts = ScriptHosts(host)
        error = run_script(path, arguments, hosts)
        if error is not None and is_failure(error) and error is not host.error:
            output.add("error", describe_at_length(error))
        problem = "" if host.has_started else ended_without_step(path, host, error)
        if isinstance(host, RepeatingHost) and host.problem is not None:
            problem, error = str(host.problem), host.problem
            output.add("error", problem)
        if problem:
            access.publisher.update(phase=Phase.FAILED, note=problem)
            access.refuse(access.mailbox.end().submissions, problem)
        server.close(farewell(access))
        if problem and (error is None or is_failure(error)):
            raise TuitrainError(f"{problem}; what it has printed is in {folder / LOG_NAME}")
        if host.error is not None:
            note = access.newest().note
            raise RunFailedError(f"the run has failed: {note}; the log is {folder / LOG_NAME}")
        return exit_status(error, lambda _: None) or int(host.has_failed or hosts.has_later_failed)


def _open_log(output: LogCapture, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TuitrainError(f"{folder} cannot be written: {error.strerror}") from None
    output.write_to(folder / LOG_NAME)
