"""A process that imports PyTorch once, and forks the ranks of tests from itself.

A rank then begins at once, and not after seconds of imports. It is a script in all other respects:
`__main__` is its program, and it ends with the interpreter. Requests come from stdin, a JSON object
a line, and the process answers on stdout with the numbers of the ranks, and later with their exit
statuses. It ends with its stdin.
"""

import gc
import json
import os
import select
import signal
import sys
import types
import warnings
from contextlib import suppress
from pathlib import Path


def preload() -> None:
    """Import what ranks use; nothing is computed, so that no thread is started before a fork."""
    import torch.distributed.fsdp

    import tests.torch_script.problem  # noqa: F401
    import tuitrain.engines.torch.script.steering
    import tuitrain.script.torch_run
    import tuitrain.script.watch  # noqa: F401

    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # imports torch._dynamo


def serve() -> dict:
    """Fork a rank for each request; return only in a rank, with its request."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(write_end)
    pending = b""
    while True:
        ready, _, _ = select.select([0, read_end], [], [])
        if read_end in ready:
            os.read(read_end, 4096)
            report_ended()
        if 0 in ready:
            content = os.read(0, 1 << 16)
            if not content:
                sys.exit()
            *lines, pending = (pending + content).split(b"\n")
            for line in lines:
                if (pid := os.fork()) == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    os.close(read_end)
                    os.close(write_end)
                    return json.loads(line)
                with suppress(OSError):  # the rank may have done so, and begun
                    os.setpgid(pid, pid)
                answer(started=pid)


def report_ended() -> None:
    """Answer with the exit statuses of the ranks that have ended."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            answer(ended=ended[0], status=os.waitstatus_to_exitcode(ended[1]))


def answer(**values: int) -> None:
    """Write an answer."""
    os.write(1, json.dumps(values).encode() + b"\n")


def become(request: dict) -> tuple[types.CodeType, dict]:
    """Give this process the environment of a script; return the script and its names."""
    with suppress(OSError):
        os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["folder"])
    program = request["program"]
    sys.argv = [program, *request["arguments"]]
    main = types.ModuleType("__main__")
    main.__file__ = program
    sys.modules["fork_server"], sys.modules["__main__"] = sys.modules["__main__"], main
    return compile(Path(program).read_text(encoding="utf-8"), program, "exec"), vars(main)


if __name__ == "__main__":
    preload()
    gc.freeze()
    # Code that reads all attributes of modules would touch it.
    warnings.filterwarnings("error", r".*torch\.distributed\.reduce_op", FutureWarning)
    exec(*become(serve()))
