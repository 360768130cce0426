"""Scripts in a thread, without a screen, and the means to look at their runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tuitrain.remote.client.endpoint import SocketEndpoint
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.control.client import ControlClient
from tuitrain.remote.control.replies import CommandReply
from tuitrain.remote.local.find_run import find_run
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.logs.log_capture import LogCapture
from tuitrain.run.snapshot import Snapshot
from tuitrain.script.live_script import LiveScript

TIMEOUT = 60.0
"""Seconds after which a test fails that waits for an event."""

Body = Callable[[int], None]
"""Called by a script after each epoch, with the number of the epoch."""


class ServedScript:
    """A script in a thread; it waits after its first epoch until `go`.

    Parameters
    ----------
    train : trains the epochs, and calls its argument after each
    folder : of the record
    """

    def __init__(self, train: Callable[[Body], Any], folder: Path, body: Body) -> None:
        self.folder = folder
        self.ended_by: BaseException | None = None
        self.closing = ExitStack()
        self._train, self._body = train, body
        self._is_served, self._goes = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._is_served.wait(TIMEOUT)

    @property
    def endpoint(self) -> SocketEndpoint:
        return SocketEndpoint(find_run(str(self.folder)))

    def go(self) -> None:
        """Let the script continue after its first epoch."""
        self._goes.set()

    def view(self) -> RemoteSource:
        """Attach a viewer, and wait for its first snapshot."""
        source = RemoteSource(self.endpoint, "laptop").start()
        self.closing.callback(source.close)
        source.wait_for(lambda _: source.received > 0, TIMEOUT)
        assert source.received
        return source

    def do(self, text: str) -> CommandReply:
        """Send a command as ``tuitrain ctl`` does, and leave."""
        with ControlClient(self.endpoint, "program") as client:
            return client.send(text, "ctl", "", None, TIMEOUT)

    def wait(self, until: str) -> Snapshot:
        """Wait as ``tuitrain ctl wait`` does, and return what follows."""
        with ControlClient(self.endpoint, "program") as client:
            assert client.wait(until, TIMEOUT).met
            return client.snapshot()

    def join(self) -> None:
        self._thread.join(TIMEOUT)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        def after_epoch(epoch: int) -> None:
            if epoch == 0:
                self._is_served.set()
                self._goes.wait(TIMEOUT)
            self._body(epoch)

        try:
            self._train(after_epoch)
        except BaseException as error:
            self.ended_by = error
        self._is_served.set()


@contextmanager
def serving(
    train: Callable[[Body], Any], folder: Path, body: Body = lambda _: None
) -> Iterator[ServedScript]:
    """Run a script until the block is left."""
    script = ServedScript(train, folder, body)
    with script.closing:
        yield script
        script.go()
        script.join()


def last_of(source: RemoteSource) -> Snapshot:
    """Return the last snapshot of a run that ends."""
    return source.wait_for(lambda shown: source.error is not None, TIMEOUT)


def live(script: Path, folder: Path) -> tuple[LiveScript, LogCapture]:
    """Run a script under a live run that is left when it has ended."""
    made, output = LiveScript(script, [], folder), LogCapture()
    run = LiveRun(lambda on_progress: made.build(on_progress, output), made.info, log=output)
    run.start().join(60)
    run.close()
    made.close()
    made.release()
    assert made.join(60)
    output.close()
    return made, output
