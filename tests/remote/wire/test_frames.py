"""Frames: any division of the bytes gives the same messages; a bad length is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.remote.errors import ProtocolError
from tuitrain.remote.wire.frames import FrameReader, make_frame


@given(
    messages=st.lists(st.binary(min_size=1, max_size=50), max_size=8),
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=20),
)
def test_messages_come_out_whole_however_the_stream_is_divided(
    messages: list[bytes], sizes: list[int]
) -> None:
    stream = b"".join(map(make_frame, messages))
    reader, read = FrameReader(50), []
    position, turn = 0, 0
    while position < len(stream):
        size = sizes[turn % len(sizes)]
        read += reader.feed(stream[position : position + size])
        position, turn = position + size, turn + 1
    assert read == messages
    assert not reader.is_inside


def test_a_length_above_the_limit_is_an_error_before_the_message_comes() -> None:
    with pytest.raises(ProtocolError, match=r"length of 51 bytes \(allowed: 1 to 50\)"):
        FrameReader(50).feed(make_frame(b"x" * 51)[:4])


def test_an_empty_frame_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="length of 0 bytes"):
        FrameReader(50).feed(make_frame(b""))


def test_a_frame_that_has_begun_is_known() -> None:
    reader = FrameReader(50)
    assert reader.feed(make_frame(b"abc")[:-1]) == []
    assert reader.is_inside
