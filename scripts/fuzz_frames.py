"""Feed what a run takes from its viewers, and a viewer from its run, with changed bytes.

Frames are garbage, torn, huge, repeated, of another version, or changed in some bytes; a connection
gets some of them in pieces. Each must be read, or refused with one clear error. Any other exception
is a finding, and the exit status is 1. The memory after the first tenth is printed beside
that at the end. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import random
import resource
import struct
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Final

from tuitrain.remote.errors import ProtocolError
from tuitrain.remote.snapshots import RemoteDataError, decode_request
from tuitrain.remote.wire import messages
from tuitrain.remote.wire.frames import MAX_REQUEST_BYTES, FrameReader, make_frame

TICKET: Final = 2**40

REQUESTS: Final = (
    messages.Hello(messages.PROTOCOL_VERSION, "viewer", "laptop"),
    messages.Hello(messages.PROTOCOL_VERSION + 1, "control", "other version"),
    messages.SubmitCommand(TICKET, "lr fc 0.01", "key", "plateau", 1200),
    messages.CancelCommand(TICKET + 1, TICKET, "key"),
    messages.RequestViews("conv1.weight", ["InspectWeights", ["conv1.weight"]], "freeze conv"),
    messages.Received(3),
    messages.UsePen("take"),
    messages.Ping(1),
    messages.Leave(),
)

REPLIES: Final = (
    messages.Welcome(messages.PROTOCOL_VERSION, "run", "0123abcd", "/tmp/run", 1, "host"),
    messages.SnapshotMessage(1, b"\x93\x01\x02\x03"),
    messages.PenState(2, "laptop", True, "desk", 3),
    messages.RefusedCommand(TICKET, "no"),
    messages.Pong(1),
    messages.Status("running", 1, 2, 0.5, "accuracy", 0.9, 1, 100.0, [0.1, None]),
    messages.Farewell("the run has ended"),
)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with some replaced, cut out, put in, or repeated."""
    content = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(content) + 1)
        match rng.randrange(5):
            case 0 if content:
                content[min(place, len(content) - 1)] = rng.randrange(256)
            case 1:
                content[place : place + rng.randint(1, 8)] = b""
            case 2:
                content[place:place] = rng.randbytes(rng.randint(1, 8))
            case 3:
                content[place:place] = content[: rng.randint(0, 16)]
            case _:
                content[place:place] = struct.pack(">I", rng.getrandbits(32))
    return bytes(content)


def read_stream(stream: bytes, rng: random.Random, decode: Callable[[bytes], object]) -> str:
    """Read a stream of frames in pieces, and return how it ended."""
    frames = FrameReader(MAX_REQUEST_BYTES)
    position = 0
    try:
        while position < len(stream):
            size = rng.randint(1, 64)
            for message in frames.feed(stream[position : position + size]):
                read = decode(message)
                if isinstance(read, messages.RequestViews):
                    decode_request(read.inspection)
            position += size
    except (ProtocolError, RemoteDataError) as error:
        if "\n" in str(error) or not str(error):
            raise AssertionError(f"not one line: {error!r}") from error
        return "refused"
    return "torn" if frames.is_inside else "read"


def fuzz(count: int, seed: int) -> int:
    """Feed ``count`` streams, print what became of them, and return the number of findings."""
    rng = random.Random(seed)
    requests = [make_frame(messages.encode_message(message)) for message in REQUESTS]
    replies = [make_frame(messages.encode_message(message)) for message in REPLIES]
    outcomes: Counter[str] = Counter()
    findings, start, memory = 0, time.perf_counter(), 0
    for number in range(count):
        if number == count // 10:
            memory = _memory()
        frames, decode = (
            (requests, messages.decode_request) if number % 2 else (replies, messages.decode_reply)
        )
        chosen = [rng.choice(frames) for _ in range(rng.randint(1, 3))]
        stream = rng.randbytes(rng.randint(0, 64)) if rng.random() < 0.1 else b"".join(chosen)
        try:
            changed = mutated(stream, rng) if rng.random() < 0.8 else stream
            outcomes[read_stream(changed, rng, decode)] += 1
        except Exception:
            findings += 1
            print(f"finding: stream {number}", file=sys.stderr)
            traceback.print_exc()
    seconds = time.perf_counter() - start
    counted = ", ".join(f"{outcomes[name]} {name}" for name in ("read", "torn", "refused"))
    print(f"{count} streams in {seconds:.0f} s: {counted}; {findings} findings")
    print(f"memory: {memory / 1024:.1f} MB after a tenth, {_memory() / 1024:.1f} MB at the end")
    return findings


def _memory() -> int:
    """Return the peak memory so far, in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Parse the arguments, feed the streams, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    return 1 if fuzz(arguments.count, arguments.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
