"""The commands of a viewer: whether it may give them, and as whom."""

from __future__ import annotations

from tuitrain.commands import parse
from tuitrain.errors import TuitrainError
from tuitrain.run.authorship import make_actor
from tuitrain.run.snapshot import Actor

from ..identity import viewer_name
from ..wire.messages import CancelCommand, Hello, SubmitCommand
from .pen import Pen
from .watched_run import RunViewer


class ViewerCommands:
    """Passes the commands of one viewer to the run.

    Parameters
    ----------
    number : of the viewer, for the pen
    hello : the first message of the viewer
    viewer : takes the commands
    pen : knows who steers
    """

    def __init__(self, number: int, hello: Hello, viewer: RunViewer, pen: Pen) -> None:
        self._number = number
        self._hello = hello
        self._viewer = viewer
        self._pen = pen

    def submit(self, request: SubmitCommand) -> None:
        """Submit a command.

        Raises
        ------
        TuitrainError : the viewer may not steer, or the command cannot be read
        """
        self._check()
        command, actor = parse(request.command), self._actor(request.actor)
        self._viewer.submit(command, actor, request.ticket, request.why, request.at)

    def cancel(self, request: CancelCommand) -> None:
        """Cancel a command that waits for its step.

        Raises
        ------
        TuitrainError : the viewer may not steer
        """
        self._check()
        self._viewer.cancel(request.waiting, self._actor(request.actor))

    def _check(self) -> None:
        """Raise `TuitrainError` if the viewer may not steer."""
        if self._hello.read_only:
            raise TuitrainError("this viewer is read-only")
        if self._hello.role == "viewer" and not self._pen.holds(self._number):
            holder = self._pen.view(self._number).holder
            raise TuitrainError(
                f"{holder} has the pen; take it first" if holder else "take the pen first"
            )

    def _actor(self, name: str) -> Actor:
        """Return an actor, with the machine of the viewer unless it is that of the run."""
        place = "" if self._hello.name == viewer_name() else self._hello.name
        return make_actor(name.partition("@")[0], place)
