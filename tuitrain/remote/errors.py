"""The errors of connections between a run and its viewers."""

from __future__ import annotations

from tuitrain.errors import TuitrainError, UnreachableRunError


class NoAnswerError(TuitrainError):
    """A command that was not answered in time; it may still be applied."""


class ConnectionProblem(UnreachableRunError):  # noqa: N818 - a state of a connection, which may end
    """A connection that cannot be made, or was lost; trying again may help."""


class FarewellProblem(ConnectionProblem):
    """The run has ended the connection with a reason, such as its own end."""


class ProtocolError(UnreachableRunError):
    """A peer has broken the protocol."""


class SilentViewerError(TuitrainError):
    """A viewer has sent nothing for too long; it may connect again."""
