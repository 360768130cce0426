"""The numbers in the events of a file, by tag."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tuitrain.commands import MAX_COUNT
from tuitrain.errors import TuitrainError

from .event_files import EventFormat, read_events

MAX_TAGS: Final = 2000
"""Maximum number of tags of a run; damaged files could have any number."""

_NUMBERS: Final = {
    1: ("<f4", "float_val"),
    2: ("<f8", "double_val"),
    3: ("<i4", "int_val"),
    9: ("<i8", "int64_val"),
}
"""The types of a TensorProto that a scalar may have: that of its bytes, and the field of values."""

_STRING: Final = 7
"""The type of a TensorProto that has texts."""

MAX_TEXT: Final = 4000
"""Characters of a string that are read."""


@dataclass(slots=True)
class TagValues:
    """The values of a tag in the order of the file: 32 bytes for each.

    Attributes
    ----------
    order : the number of the event in the file
    times : seconds since 1970
    """

    order: array[int] = field(default_factory=lambda: array("q"))
    steps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    times: array[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.steps)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Return order, steps and values as arrays."""
        return np.array(self.order), np.array(self.steps), np.array(self.values)


FileValues = dict[str, TagValues]
"""The values of a file by tag."""


@dataclass(frozen=True, slots=True)
class TagText:
    """A text of a log."""

    step: int
    tag: str
    text: str


def read_values(
    path: Path, format: EventFormat, on_text: Callable[[TagText], object] = lambda _: None
) -> FileValues:
    """Return the numbers of an event file; pictures and histograms are passed over.

    Parameters
    ----------
    on_text : takes the texts, in the order of the file

    Raises
    ------
    TuitrainError : the file cannot be read or is damaged, or has too many tags or too large steps
    """
    tags: FileValues = {}
    text_tags: set[str] = set()
    for number, event in enumerate(read_events(path, format)):
        for value in event.summary.value:
            scalar = _number(value)
            if scalar is None:
                text = _text(value, text_tags)
                if text is not None and 0 <= event.step <= MAX_COUNT:
                    on_text(TagText(event.step, value.tag, text))
                continue
            if abs(event.step) > MAX_COUNT:
                raise TuitrainError(
                    f"{path}: {value.tag!r:.80} has step {event.step}; at most {MAX_COUNT} is read"
                )
            tag = tags.get(value.tag)
            if tag is None:
                if len(tags) == MAX_TAGS:
                    raise TuitrainError(f"{path} has more than {MAX_TAGS} tags")
                tag = tags[value.tag] = TagValues()
            tag.order.append(number)
            tag.steps.append(event.step)
            tag.values.append(scalar)
            tag.times.append(event.wall_time)
    return tags


def _number(value: Any) -> float | None:
    """Return the number that a value of a summary holds; None for one of another kind."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if kind != "tensor" or value.metadata.plugin_data.plugin_name not in ("", "scalars"):
        return None
    tensor = value.tensor
    if tensor.dtype not in _NUMBERS or any(dim.size != 1 for dim in tensor.tensor_shape.dim):
        return None
    dtype, values = _NUMBERS[tensor.dtype]
    if len(tensor.tensor_content) == np.dtype(dtype).itemsize:
        return float(np.frombuffer(tensor.tensor_content, dtype)[0])
    listed = getattr(tensor, values)
    return float(listed[0]) if len(listed) == 1 else None


def _text(value: Any, text_tags: set[str]) -> str | None:
    """Return the text that a value of a summary holds; None for one of another kind.

    Parameters
    ----------
    text_tags : the tags of texts so far: a writer may say only once what they are
    """
    if value.WhichOneof("value") != "tensor" or value.tensor.dtype != _STRING:
        return None
    if value.metadata.plugin_data.plugin_name == "text" and len(text_tags) < MAX_TAGS:
        text_tags.add(value.tag)
    if value.tag not in text_tags:
        return None
    text = "\n".join(part.decode(errors="replace") for part in value.tensor.string_val)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def first_time(files: list[FileValues]) -> float:
    """Return the earliest time of all values, in seconds since 1970; 0 if none is known."""
    return min(_times(files), default=0.0)


def last_time(files: list[FileValues]) -> float:
    """Return the latest time of all values; 0 if none is known."""
    return max(_times(files), default=0.0)


def _times(files: list[FileValues]) -> list[float]:
    ends = [time for file in files for tag in file.values() for time in _ends(tag)]
    return [time for time in ends if math.isfinite(time) and 0 < time < 1e11]


def _ends(tag: TagValues) -> tuple[float, float]:
    return tag.times[0], tag.times[-1]
