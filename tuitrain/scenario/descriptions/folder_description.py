"""Describing a folder: MNIST's files, images in classes, or files of data, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from .parts import MAX_LISTED, Description, Part

if TYPE_CHECKING:
    from tuitrain_core.data.image_folder import ImageFiles

Described: TypeAlias = tuple[Description, NDArray[np.uint8] | None]
"""A description, and the first picture (C, H, W) if there is one."""

FOLDER_OF_FILES: Final = "a folder of files"
"""The beginning of the kind of a folder that no scenario reads as a whole."""

MAX_CHECKED: Final = 1000
"""The images whose headers are read; it takes less than a second."""

_NAMED: Final = 8
"""Columns or arrays that a line names."""


def describe_folder(path: Path, describe: Callable[[str], Described]) -> Described:
    """Describe a folder.

    Parameters
    ----------
    describe : describes data by its name in a scenario

    Raises
    ------
    CoreError : it holds no data, or its folders of classes are not valid
    """
    from tuitrain_core.data import find_idx_files
    from tuitrain_core.data.image_folder import find_images
    from tuitrain_core.errors import CoreError

    try:
        find_idx_files(path)
    except CoreError:
        pass
    else:
        description, picture = describe(f"idx:{path}")
        kind = "a folder with MNIST's four files"
        return msgspec.structs.replace(description, name=str(path), kind=kind), picture
    try:
        files = find_images(path)
    except CoreError:
        if listed := _list_files(path):
            return listed, None
        raise
    return _describe_images(path, files)


def _describe_images(path: Path, files: ImageFiles) -> Described:
    from tuitrain_core.data.image_folder import read_image, read_image_size
    from tuitrain_core.errors import CoreError

    counts = dict.fromkeys(files.classes, 0)
    for _, number in files.train:
        counts[files.classes[number]] += 1
    readable: list[Path] = []
    sizes: set[tuple[int, int]] = set()
    problems: list[str] = []
    checked = [name for name, _ in (*files.train, *files.test)][:MAX_CHECKED]
    for name in checked:
        try:
            sizes.add(read_image_size(name))
            readable.append(name)
        except CoreError as error:
            problems.append(str(error))
    if not readable:
        raise CoreError(problems[0])
    picture = read_image(readable[0])
    height, width = picture.shape[1:]
    parts = [Part("train", f"{len(files.train)} images, the first {width} x {height}")]
    if files.test:
        parts.append(Part("test", f"{len(files.test)} images"))
    parts += _image_parts(sizes, problems, len(checked))
    data = "" if problems else f"folder:{path}" + ("?size=28" if len(sizes) > 1 else "")
    title = f"a folder of images in {len(counts)} classes"
    return Description(str(path), title, data, tuple(parts), counts), picture


def _image_parts(
    sizes: set[tuple[int, int]], problems: Sequence[str], checked: int
) -> Iterator[Part]:
    """Yield the sizes of images, and how many of those checked cannot be read."""
    if len(sizes) > 1:
        (width, height), largest = min(sizes), max(sizes)
        yield Part(
            "sizes",
            f"{len(sizes)}, from {width} x {height} to {largest[0]} x {largest[1]} pixels; size= "
            "makes them one",
        )
    if problems:
        of = f"{len(problems)} of {checked} images cannot be read"
        yield Part("unreadable", f"{of}, such as {problems[0]}")


def _list_files(path: Path) -> Description | None:
    """Describe the files of data in a folder; None if there are none.

    Programs, scenarios and other files are counted.
    """
    files = [entry for entry in sorted(path.iterdir()) if entry.is_file()]
    files = [entry for entry in files if not entry.name.startswith(".")]
    readers = {entry: reader for entry in files if (reader := _reader(entry)) is not None}
    if not readers:
        return None
    parts = [_file_part(entry, reader) for entry, reader in [*readers.items()][:MAX_LISTED]]
    if len(readers) > MAX_LISTED:
        parts.append(Part("…", f"{len(readers) - MAX_LISTED} more files of data"))
    if others := len(files) - len(readers):
        parts.append(Part("other files", f"{others}, not data"))
    return Description(str(path), FOLDER_OF_FILES, "", tuple(parts))


def _reader(path: Path) -> Callable[[Path], str] | None:
    """Return the function that describes a file of data; None for any other file."""
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return _read_columns
    if suffix == ".npz":
        return _read_arrays
    is_idx = suffix in (".idx", ".idx1", ".idx3") or "-ubyte" in path.name
    return (lambda _: "an IDX file") if is_idx else None


def _file_part(path: Path, read: Callable[[Path], str]) -> Part:
    from tuitrain_core.errors import CoreError

    try:
        return Part(path.name, read(path))
    except (CoreError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).removeprefix(f"{path}: ")
        return Part(path.name, f"cannot be read: {' '.join(str(reason).split()):.120}")


def _read_columns(path: Path) -> str:
    from tuitrain_core.data.csv_table import read_csv_header

    return f"a table of {_named(read_csv_header(path), 'column')}"


def _read_arrays(path: Path) -> str:
    from tuitrain_core.data.npz_file import read_npz_headers

    return f"an archive of {_named([info.name for info in read_npz_headers(path)], 'array')}"


def _named(names: Sequence[str], noun: str) -> str:
    """Return the number of things, and the first names."""
    more = ", …" if len(names) > _NAMED else ""
    plural = "" if len(names) == 1 else "s"
    return f"{len(names)} {noun}{plural}: {', '.join(names[:_NAMED])}{more}"
