"""The data that a scenario names: the digits of the box, a folder of IDX files, or a callable's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from tuitrain.errors import ScenarioError

from .callables import called, imported, parted, type_of

if TYPE_CHECKING:
    from tuitrain_core.data import Dataset

IDX: Final = "idx:"
"""What the name of a folder of IDX files begins with."""

KNOWN: Final = ("mnist-mini", "idx:FOLDER")
"""How data is named, besides as a callable."""


def check_data(name: str) -> None:
    """Check what can be told of data before any is loaded: its name, and that its files are there.

    Raises
    ------
    ScenarioError : says what is wrong
    """
    from tuitrain_core.data import idx_files
    from tuitrain_core.errors import CoreError

    if name.startswith(IDX):
        try:
            idx_files(_folder(name))
        except (CoreError, OSError) as error:
            raise ScenarioError(f"data: {error}") from None
    elif name not in KNOWN:
        parted("data", name, KNOWN)


def _folder(name: str) -> Path:
    """Return the folder of ``idx:FOLDER``; ``~`` is the user's own."""
    return Path(name.removeprefix(IDX)).expanduser()


def located(name: str, directory: str) -> str:
    """Return the name of data with a path that does not depend on the working directory.

    A relative path is looked for in ``directory``. If it is not there the name is returned as it
    is: a record may have been copied from another machine, together with its data.
    """
    if not (directory and name.startswith(IDX)):
        return name
    folder = Path(directory) / _folder(name)
    return f"{IDX}{folder}" if folder.is_dir() else name


def load_data(name: str) -> tuple[Dataset, Dataset]:
    """Load a scenario's data, for training and for testing.

    Raises
    ------
    ScenarioError : says what is wrong
    """
    from tuitrain_core.data import Dataset, idx_folder, mnist_mini
    from tuitrain_core.errors import CoreError

    try:
        if name == "mnist-mini":
            return mnist_mini()
        if name.startswith(IDX):
            return idx_folder(_folder(name))
    except CoreError as error:
        raise ScenarioError(f"data: {error}") from None
    pair = called("data", name, imported("data", name, KNOWN))
    if not (
        isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(d, Dataset) for d in pair)
    ):
        raise ScenarioError(
            f"data: {name} must return two tuitrain_core Datasets (train, test), "
            f"but gave {type_of(pair)}"
        )
    return pair
