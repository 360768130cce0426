"""The data that a scenario names: a bundled set, files, or the data of a callable."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tuitrain.errors import ScenarioError

from .bundled_data import BUNDLED_DATA
from .data_spec import DataSpec, is_file_data, parse_data_spec
from .import_spec import call, import_callable, split_spec, type_name
from .module_search import searched_folders

if TYPE_CHECKING:
    from tuitrain_core.data import Dataset


KNOWN_DATA: Final = (
    *BUNDLED_DATA,
    "idx:FOLDER",
    "csv:FILE",
    "npz:FILE",
    "folder:FOLDER",
)
"""The names of built-in data."""


def check_data(name: str) -> None:
    """Check the name of data, and that its files exist, without loading it.

    From a table, the header is read; from an archive, the names of the arrays.

    Raises
    ------
    ScenarioError : the message says what is wrong
    """
    from tuitrain_core import data
    from tuitrain_core.errors import CoreError

    if is_file_data(name):
        spec = parse_data_spec(name)
        checks: dict[str, Callable[..., Any]] = {
            "idx:": data.find_idx_files,
            "csv:": data.check_csv,
            "npz:": data.check_npz,
            "folder:": data.check_image_folder,
        }
        try:
            checks[spec.kind.prefix](spec.located(), **spec.options)
        except CoreError as error:
            raise ScenarioError(f"data: {error}") from None
    elif name not in BUNDLED_DATA:
        _split_callable(name)


def resolve_data(name: str, *folders: str) -> str:
    """Return the name of data with a path that does not depend on the working directory.

    A relative path is resolved in the first of the ``folders`` that has it. If none has, the name
    is returned unchanged: a record may be a copy from another machine, together with its data.

    Raises
    ------
    ScenarioError : no file can have this path
    """
    if not is_file_data(name):
        return name
    spec = parse_data_spec(name)
    path = spec.located()
    located = spec.located(folder for folder in folders if folder)
    return name if located == path else spec.at(located)


def load_data(name: str) -> tuple[Dataset, Dataset]:
    """Load a scenario's data, for training and for testing.

    A relative path is searched in the folder of the scenario, then in the working directory.

    Raises
    ------
    ScenarioError : the message says what is wrong
    """
    from tuitrain_core import data
    from tuitrain_core.errors import CoreError

    try:
        if name in BUNDLED_DATA:
            return BUNDLED_DATA[name].load()
        if is_file_data(name):
            spec = parse_data_spec(name)
            return loader(spec)(spec.located(searched_folders()), **spec.options)
    except CoreError as error:
        raise ScenarioError(f"data: {error}") from None
    _split_callable(name)
    pair = call("data", name, import_callable("data", name, KNOWN_DATA))
    if not (
        isinstance(pair, tuple)
        and len(pair) == 2
        and all(isinstance(part, data.Dataset) for part in pair)
    ):
        raise ScenarioError(
            f"data: {name} must return two tuitrain_core Datasets (train, test), "
            f"but gave {type_name(pair)}"
        )
    return pair


def loader(spec: DataSpec) -> Callable[..., tuple[Dataset, Dataset]]:
    """Return the function that loads data in files."""
    from tuitrain_core import data

    return getattr(data, LOADERS[spec.kind.prefix])


LOADERS: Final[Mapping[str, str]] = {
    "idx:": "load_idx_folder",
    "csv:": "load_csv",
    "npz:": "load_npz",
    "folder:": "load_image_folder",
}
"""The functions of `tuitrain_core.data` that load data in files, by prefix."""


def _split_callable(name: str) -> None:
    """Check that a name can refer to a callable; suggest the prefix that a file needs.

    Raises
    ------
    ScenarioError : it cannot
    """
    if ":" not in name and (prefix := _prefix_of(name)):
        raise ScenarioError(f"data: {name!r:.80} is a file or folder; write {prefix}{name:.80}")
    split_spec("data", name, KNOWN_DATA)


def _prefix_of(name: str) -> str:
    """Return the prefix that a path needs; "" if it is not data that exists."""
    path = name.partition("?")[0]
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises for some names
        return ""
    suffix = Path(path).suffix.lower()
    return {".csv": "csv:", ".tsv": "csv:", ".npz": "npz:"}.get(suffix, "")
