"""A script's process takes a request to repeat a recorded run, and writes its answer to a file.

The request is in a variable of the environment, which the first `watch` takes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

import msgspec

from tuitrain.atomic_io import write_atomic
from tuitrain.errors import ExpectationError, RecordDiffersError, RunFailedError, TuitrainError
from tuitrain.scenario.verify import Verification

VARIABLE: Final = "TUITRAIN_REPEAT"
"""The variable of the environment that holds a request."""

_KINDS: Final = (RecordDiffersError, RunFailedError, ExpectationError)


class Request(msgspec.Struct, frozen=True):
    """The request to a script's process.

    Attributes
    ----------
    action : compare the run with its record, or continue it
    folder : of the record
    answer : the file of the answer, in a folder that is removed afterwards; "" for no answer
    checkpoint : the one to continue from; None for the latest
    although_changed : continue although the script, the data or the environment has changed
    """

    action: Literal["replay", "resume"]
    folder: str
    answer: str
    checkpoint: str | None = None
    although_changed: bool = False


class Answer(msgspec.Struct, frozen=True):
    """The result of a repetition.

    Attributes
    ----------
    error : why it was not possible, or has ended; "" if it was
    kind : the type of the error
    verification : the result of the comparison, of a ``replay``
    has_failed : whether a planned command was refused, or an expectation does not hold
    """

    error: str = ""
    kind: str = ""
    verification: Verification | None = None
    has_failed: bool = False

    @staticmethod
    def of_error(error: TuitrainError) -> Answer:
        """Return the answer that an error is."""
        return Answer(str(error), type(error).__name__)

    def raise_error(self) -> None:
        """Raise the error, if there is one.

        Raises
        ------
        TuitrainError : the error, of the type that it had
        """
        if self.error:
            kinds = {kind.__name__: kind for kind in _KINDS}
            raise kinds.get(self.kind, TuitrainError)(self.error)


def encode_request(request: Request) -> str:
    """Return a request as the value of the variable."""
    return msgspec.json.encode(request).decode()


def take_request() -> Request | None:
    """Return the request to this process, once; its child processes do not see it."""
    text = os.environ.pop(VARIABLE, "")
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=Request)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise TuitrainError(f"{VARIABLE} holds no request of tuitrain: {error}") from None


def write_answer(request: Request, answer: Answer) -> None:
    """Write the answer to a request, if it asks for one."""
    if request.answer:
        write_atomic(Path(request.answer), msgspec.json.encode(answer))


def read_answer(request: Request) -> Answer | None:
    """Return the answer to a request; None if there is none."""
    try:
        return msgspec.json.decode(Path(request.answer).read_bytes(), type=Answer)
    except FileNotFoundError:
        return None
