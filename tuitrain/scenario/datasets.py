"""The data that a scenario names: bundled data, IDX files, or those of a callable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tuitrain.errors import ScenarioError, TuitrainError
from tuitrain.user_paths import home_path

from .bundled_data import BUNDLED_DATA
from .import_spec import call, import_callable, split_spec, type_name

if TYPE_CHECKING:
    from tuitrain_core.data import Dataset

IDX_PREFIX: Final = "idx:"
"""The prefix of a folder of IDX files."""

KNOWN_DATA: Final = (*BUNDLED_DATA, "idx:FOLDER")
"""The names of built-in data."""


def check_data(name: str) -> None:
    """Check the name of data, and that its files exist, without loading it.

    Raises
    ------
    ScenarioError : the message says what is wrong
    """
    from tuitrain_core.data import find_idx_files
    from tuitrain_core.errors import CoreError

    if name.startswith(IDX_PREFIX):
        try:
            find_idx_files(_folder(name))
        except CoreError as error:
            raise ScenarioError(f"data: {error}") from None
    elif name not in KNOWN_DATA:
        split_spec("data", name, KNOWN_DATA)


def _folder(name: str) -> Path:
    """Return the folder of ``idx:FOLDER``; ``~`` is the user's home.

    Raises
    ------
    ScenarioError : the user does not exist, or no folder can have this name
    """
    try:
        return home_path(name.removeprefix(IDX_PREFIX))
    except TuitrainError as error:
        raise ScenarioError(f"data: {error}") from None


def resolve_data(name: str, directory: str) -> str:
    """Return the name of data with a path that does not depend on the working directory.

    A relative path is resolved in ``directory``. If it does not exist there, the name is returned
    unchanged: a record may be a copy from another machine, together with its data.

    Raises
    ------
    ScenarioError : no folder can have this path
    """
    if not (directory and name.startswith(IDX_PREFIX)):
        return name
    folder = os.path.join(directory, _folder(name))  # noqa: PTH118 - Path.is_dir raises for some names
    return f"{IDX_PREFIX}{folder}" if os.path.isdir(folder) else name  # noqa: PTH112


def load_data(name: str) -> tuple[Dataset, Dataset]:
    """Load a scenario's data, for training and for testing.

    Raises
    ------
    ScenarioError : the message says what is wrong
    """
    from tuitrain_core.data import Dataset, load_idx_folder
    from tuitrain_core.errors import CoreError

    try:
        if name in BUNDLED_DATA:
            return BUNDLED_DATA[name].load()
        if name.startswith(IDX_PREFIX):
            return load_idx_folder(_folder(name))
    except CoreError as error:
        raise ScenarioError(f"data: {error}") from None
    pair = call("data", name, import_callable("data", name, KNOWN_DATA))
    if not (
        isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(d, Dataset) for d in pair)
    ):
        raise ScenarioError(
            f"data: {name} must return two tuitrain_core Datasets (train, test), "
            f"but gave {type_name(pair)}"
        )
    return pair
