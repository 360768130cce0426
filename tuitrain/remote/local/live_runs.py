"""The live runs of this machine, with the status of each."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from tuitrain.errors import TuitrainError

from ..errors import ConnectionProblem, ProtocolError
from ..wire.frames import MAX_REPLY_BYTES, FrameReader, make_frame
from ..wire.messages import (
    PROTOCOL_VERSION,
    Hello,
    Status,
    decode_reply,
    encode_message,
)
from .live_entry import RunFacts, read_entries

STATUS_SECONDS: Final = 3.0
"""Maximum seconds to wait for the status of a run."""


@dataclass(frozen=True, slots=True)
class LiveRunRow:
    """A live run in a list.

    Attributes
    ----------
    status : None if the run did not answer
    problem : why the run did not answer, or ""
    """

    facts: RunFacts
    status: Status | None
    problem: str = ""


def list_live_runs() -> list[LiveRunRow]:
    """Return the live runs of this user, oldest first; all are asked at once."""
    entries = read_entries()
    return asyncio.run(_ask_all(entries)) if entries else []


async def _ask_all(entries: list[RunFacts]) -> list[LiveRunRow]:
    return list(await asyncio.gather(*map(_ask, entries)))


def ask_run(facts: RunFacts) -> LiveRunRow:
    """Ask one live run for its status."""
    return asyncio.run(_ask(facts))


async def _ask(facts: RunFacts) -> LiveRunRow:
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            return LiveRunRow(facts, await _status(facts))
    except TimeoutError:
        return LiveRunRow(facts, None, "it does not answer")
    except TuitrainError as error:
        return LiveRunRow(facts, None, str(error))
    except OSError as error:
        return LiveRunRow(facts, None, error.strerror or "it cannot be reached")


async def _status(facts: RunFacts) -> Status:
    reader, writer = await asyncio.open_unix_connection(facts.socket)
    try:
        hello = Hello(PROTOCOL_VERSION, "list", wants_pen=False)
        writer.write(make_frame(encode_message(hello)))
        frames = FrameReader(MAX_REPLY_BYTES)
        while data := await reader.read(1 << 16):
            for message in frames.feed(data):
                reply = decode_reply(message)
                if isinstance(reply, Status):
                    return reply
        raise ConnectionProblem("the connection ended before the status")
    except ProtocolError as error:
        raise ConnectionProblem(str(error)) from None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
