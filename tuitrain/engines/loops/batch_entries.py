"""The content of a batch of a script's loop: its tensors and other values, and its images.

Nothing here knows the library of the tensors: a `TensorReader` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol, cast

import numpy as np

from ..batch_view import BatchEntry, BatchPictures, InspectBatch, StepBatchView
from ..state import Array, read_only

MAX_ENTRIES: Final = 100
"""Maximum number of entries that are described."""

MAX_COUNTED: Final = 1 << 20
"""A larger tensor is described by a sample of this many values, which takes 4 ms."""

MAX_PICTURES: Final = 48
"""Maximum number of images that are shown."""

MAX_SIDE: Final = 64
"""Maximum number of pixels along a side of a shown image; larger ones are averaged down."""

_MAX_DEPTH: Final = 8
_FIRST: Final = 8
_MAX_TEXT: Final = 60


class TensorReader(Protocol):
    """Reads the tensors of a library."""

    def is_tensor(self, value: Any) -> bool:
        """Whether a value is a tensor."""
        ...

    def kind(self, tensor: Any) -> str:
        """Return its dtype as text: ``float32``."""
        ...

    def shape(self, tensor: Any) -> tuple[int, ...]:
        """Return its shape."""
        ...

    def rows(self, tensor: Any, count: int) -> Array:
        """Return its first rows as numbers."""
        ...

    def first(self, tensor: Any, count: int) -> Array:
        """Return at most ``count`` of its first values (n,)."""
        ...

    def sample(self, tensor: Any, count: int) -> Array:
        """Return at most ``count`` of its values (n,)."""
        ...


class Place(NamedTuple):
    """A value of a batch, and where it is."""

    path: str
    value: Any


def describe_batch(
    request: InspectBatch,
    steps: tuple[int, int],
    batch: Any,
    reader: TensorReader,
    is_input: bool = False,
    class_names: Sequence[str] = (),
) -> StepBatchView:
    """Describe a batch; it is not changed.

    Parameters
    ----------
    steps : those taken, and the step that the batch is of
    is_input : whether the batch is what went into the network
    class_names : of the data set, if it has any
    """
    places = list(islice(_places(batch, "", reader, 0), MAX_ENTRIES + 1000))
    tensors = [place.value for place in places if reader.is_tensor(place.value)]
    shapes = [shape for shape in map(reader.shape, tensors) if shape]
    samples = next(filter(_is_image, shapes), shapes[0] if shapes else (0,))[0]
    entries = tuple(_entry(place, reader) for place in places[:MAX_ENTRIES])
    left_out = len(places) - len(entries)
    pictures = _pictures(tensors, reader, tuple(class_names))
    return StepBatchView(request, *steps, is_input, samples, entries, left_out, pictures)


def _places(value: Any, path: str, reader: TensorReader, depth: int) -> Iterator[Place]:
    """Yield the tensors and other values of a batch, in order."""
    if reader.is_tensor(value) or depth > _MAX_DEPTH or not _is_container(value):
        yield Place(path, value)
        return
    for key, item in _parts(value):
        yield from _places(item, f"{path}{key}".removeprefix("."), reader, depth + 1)


def _is_container(value: Any) -> bool:
    """Whether a value is shown by its parts: a list of plain values is shown by itself."""
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        plain = (item is None or isinstance(item, str | bytes | int | float) for item in items)
        return not all(plain)
    return isinstance(value, Mapping) or (is_dataclass(value) and not isinstance(value, type))


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a container, with how each is reached from it."""
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[Any, Any]", value).items():
            is_word = isinstance(key, str) and key.isidentifier()
            yield f".{key}" if is_word else f"[{key!r:.30}]", item
    elif hasattr(value, "_fields"):
        yield from ((f".{name}", getattr(value, name)) for name in value._fields)
    elif isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        yield from ((f"[{index}]", item) for index, item in enumerate(items))
    else:
        yield from ((f".{field.name}", getattr(value, field.name)) for field in fields(value))


def _entry(place: Place, reader: TensorReader) -> BatchEntry:
    path, value = place
    if not reader.is_tensor(value):
        return BatchEntry(path, _type_name(value), first=_text(value))
    entry = BatchEntry(path, reader.kind(value), reader.shape(value))
    try:
        first = " ".join(_number(item) for item in reader.first(value, _FIRST).tolist())
        entry = replace(entry, first=first)
        return _with_numbers(entry, reader.sample(value, MAX_COUNTED))
    except Exception:  # a tensor of another library may refuse any question
        return entry


def _with_numbers(entry: BatchEntry, values: Array) -> BatchEntry:
    """Return an entry with the range and the mean of its values."""
    finite = values[np.isfinite(values)]
    entry = replace(
        entry,
        non_finite=int(values.size - finite.size),
        is_sampled=math.prod(entry.shape) > MAX_COUNTED,
    )
    if not finite.size or finite.dtype.kind == "c":
        return entry
    exact = finite.astype(np.float64)
    low, mean, high = float(exact.min()), float(exact.mean()), float(exact.max())
    return replace(entry, low=low, mean=mean, high=high)


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _type_name(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def _text(value: Any) -> str:
    """Return a plain value as text; "" for another one, whose text may be long to make."""
    if not isinstance(value, str | bytes | int | float | np.generic | list | tuple):
        return ""
    if not isinstance(value, list | tuple):
        return f"{value!r:.{_MAX_TEXT}}"
    items = cast("Sequence[Any]", value)
    shown = ", ".join(f"{item!r:.{_MAX_TEXT}}" for item in items[:_FIRST])
    return f"{len(items)}: {shown}{', …' if len(items) > _FIRST else ''}"


def _pictures(
    tensors: Sequence[Any], reader: TensorReader, class_names: tuple[str, ...]
) -> BatchPictures | None:
    """Return the first images of a batch, and the first classes of as many samples."""
    images = next((item for item in tensors if _is_image(reader.shape(item))), None)
    if images is None:
        return None
    shape = reader.shape(images)
    try:
        values = _as_picture(reader.rows(images, MAX_PICTURES))
    except Exception:  # as for an entry
        return None
    if values is None:
        return None
    classes = (
        reader.rows(item, MAX_PICTURES)
        for item in tensors
        if reader.shape(item) in ((shape[0],), (shape[0], 1)) and "int" in reader.kind(item)
    )
    labels = next(classes, None)
    labels = None if labels is None else read_only(labels.reshape(-1).astype(np.int64))
    return BatchPictures(read_only(values), shape[1:], labels, class_names=class_names)


def _is_image(shape: Sequence[int]) -> bool:
    return len(shape) == 4 and shape[0] > 0 and shape[1] in (1, 3) and min(shape[2:]) > 1


def _as_picture(values: Array) -> Array | None:
    """Return images (n, C, H, W) as bytes, small enough to be shown; None for other numbers.

    Floats are scaled from their range over all images; where one is not finite they stay floats.
    """
    if values.dtype.kind not in "fu":
        return None
    is_bytes = values.dtype == np.uint8
    small = _shrunk(values.astype(np.float32), -(-max(values.shape[2:]) // MAX_SIDE))
    if not np.isfinite(small).all():
        return small
    low, high = (0.0, 255.0) if is_bytes else (float(small.min()), float(small.max()))
    return np.rint((small - low) * (255 / ((high - low) or 1))).astype(np.uint8)


def _shrunk(values: Array, block: int) -> Array:
    """Return the means of blocks of pixels; a rest at the right and at the bottom is left out."""
    n, channels, tall, wide = values.shape
    down, across = max(1, tall // block), max(1, wide // block)
    high, broad = min(block, tall), min(block, wide)
    cut = values[:, :, : down * high, : across * broad]
    with np.errstate(invalid="ignore", over="ignore"):
        return cut.reshape(n, channels, down, high, across, broad).mean(axis=(3, 5))
