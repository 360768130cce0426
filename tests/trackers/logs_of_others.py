"""Event files as other programs write them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

START = 1_700_000_000.0


def framed(content: bytes) -> bytes:
    """Return a record with its length and its checksums."""
    length = struct.pack("<Q", len(content))
    sums = [struct.pack("<I", masked_crc32c(part)) for part in (length, content)]
    return length + sums[0] + content + sums[1]


def scalar(step: int, tag: str, value: float) -> bytes:
    """Return a number as PyTorch writes it."""
    return event(step, Summary.Value(tag=tag, simple_value=value))


def tensor(step: int, tag: str, value: float) -> bytes:
    """Return a number as TensorFlow 2 writes it."""
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
    content = struct.pack("<f", value)
    number = TensorProto(dtype=1, tensor_content=content, tensor_shape=TensorShapeProto())
    return event(step, Summary.Value(tag=tag, tensor=number, metadata=metadata))


def text(step: int, tag: str, *lines: bytes, says_kind: bool = True) -> bytes:
    """Return a text as PyTorch writes it."""
    plugin = SummaryMetadata.PluginData(plugin_name="text" if says_kind else "")
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=len(lines))])
    tensor = TensorProto(dtype=7, string_val=lines, tensor_shape=shape)
    metadata = SummaryMetadata(plugin_data=plugin)
    return event(step, Summary.Value(tag=tag, tensor=tensor, metadata=metadata))


def event(step: int, value: Any) -> bytes:
    made = Event(wall_time=START + step, step=step, summary=Summary(value=[value]))
    return framed(made.SerializeToString())


def version() -> bytes:
    return framed(Event(wall_time=START, file_version="brain.Event:2").SerializeToString())


def log(folder: Path, records: Iterable[bytes], number: int = 0) -> Path:
    """Write an event file; files of a folder are read in the order of their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{int(START) + number}.host.1.0"
    path.write_bytes(b"".join([version(), *records]))
    return path


def curve(tag: str, first: int, last: int, value: float = 0.0) -> list[bytes]:
    """Return a value for each step: the step itself and ``value``."""
    return [scalar(step, tag, step + value) for step in range(first, last + 1)]
