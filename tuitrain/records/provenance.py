"""The provenance of a run: digests of its data and of the user's source files.

A record keeps them, so that a replay can name changes, and a resume refuses to continue with other
data or sources.
"""

from __future__ import annotations

import functools
import hashlib
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

from tuitrain.user_code import INSTALLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuitrain_core.data import Dataset

_OURS: Final = ("tuitrain_core", "tuitrain")
"""Packages whose version is part of the environment."""

_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{8})[0-9a-f]{56}")

_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")
"""The part of a function's repr that differs between processes."""


def compute_provenance(train: Dataset, test: Dataset, modules: Iterable[str]) -> dict[str, str]:
    """Return digests by name of two data sets and of the source files of modules.

    Parameters
    ----------
    modules : names of the imported modules that define model and data; see `user_modules`
    """
    digests = {}
    for name, dataset in (("training", train), ("test", test)):
        digests |= _dataset_digests(name, dataset)
        numbers = f"{dataset.classes} classes, mean {dataset.mean!r}, std {dataset.std!r}"
        digests[f"{name} data"] = numbers
    digests |= {f"source of {name}": source_digest(name) for name in user_modules(modules)}
    return digests


SCRIPT, SCRIPT_SOURCE, SCRIPT_ARGUMENTS = "script", "source of the script", "arguments"
"""The names of a script's file, of its digest and of its arguments in a provenance."""


STDIN, COMMAND = "standard input", "python -c"
"""What is named in place of a file for ``python - < SCRIPT.py`` and ``python -c CODE``."""

_NAMELESS: Final = {"-": STDIN, "-c": COMMAND}
"""What Python calls a script without a file, in ``sys.argv``."""


RANKS: Final = "ranks"
"""The key of the number of processes in the provenance of a distributed training."""


def script_provenance() -> dict[str, str]:
    """Return the file of the running script, its arguments, and digests of it and of its modules.

    In a notebook, which has no file, the entries of the file are missing.
    A script from standard input, or on Python's command line, is named as such, without a digest.
    """
    main = sys.modules.get("__main__")
    path = getattr(main, "__file__", None)
    described = {}
    if (nameless := _NAMELESS.get(sys.argv[0])) is not None:
        described = {SCRIPT: nameless, SCRIPT_ARGUMENTS: shlex.join(sys.argv[1:])}
    elif path is not None:
        described = {SCRIPT: str(Path(path).absolute()), SCRIPT_SOURCE: file_digest(Path(path))}
        described[SCRIPT_ARGUMENTS] = shlex.join(sys.argv[1:])
    modules = [name for name in user_modules(["__main__"]) if name != "__main__"]
    return described | {f"source of {name}": source_digest(name) for name in modules}


def script_to_repeat(provenance: Mapping[str, str], directory: str) -> str:
    """Say how the script of a record is run again, and whether it has changed; "" if not known.

    Parameters
    ----------
    provenance, directory : of the record's header
    """
    path = provenance.get(SCRIPT)
    if path is None:
        return ""
    if path in _NAMELESS.values():
        return (
            f": {script_command(provenance)}, in {directory or 'its directory'}; it came from "
            f"{path}, so whether it has changed is not known"
        )
    words = [shlex.quote(path), provenance.get(SCRIPT_ARGUMENTS, "")]
    if words[1].startswith("-"):
        words.insert(1, "--")
    command = " ".join(["tuitrain run", *filter(None, words)])
    here = file_digest(Path(path))
    state = "as it was" if here == provenance.get(SCRIPT_SOURCE) else "which has changed since"
    if here == "none":
        state = "which no longer exists"
    return f": {command}, in {directory or 'its directory'}, with the script {state}"


def script_command(provenance: Mapping[str, str]) -> str:
    """Return the command that has run the script of a record, as far as it is known."""
    script = provenance.get(SCRIPT, "SCRIPT.py")
    arguments = provenance.get(SCRIPT_ARGUMENTS, "")
    if script == STDIN:
        return " ".join(filter(None, ["python -", arguments, "< SCRIPT.py"]))
    begin = f"{COMMAND} CODE" if script == COMMAND else f"python {shlex.quote(script)}"
    return f"{begin} {arguments}".rstrip()


def run_title(argument: str) -> str:
    """Return the name of a run of a script, from the script's ``sys.argv[0]``."""
    names = {"-": "stdin", "-c": "command", "": "session"}
    stem = Path(argument).stem
    return names.get(argument) or ("notebook" if stem == "ipykernel_launcher" else stem)


def script_name(argument: str) -> str:
    """Return what a script is called, from its ``sys.argv[0]``: its file, or where it came from."""
    title = run_title(argument)
    places = {"session": "a session of Python", "notebook": "a notebook"}
    return _NAMELESS.get(argument) or places.get(title) or Path(argument).name


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; ``none`` if it cannot be read."""
    try:
        return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError:
        return "none"


def user_modules(names: Iterable[str]) -> list[str]:
    """Return the names of the user's own modules among these modules and those that they use.

    A module uses another if it has a name for that module or for a member of it. Modules of
    tuitrain, Python and installed packages are left out: their versions are part of the
    environment.
    """
    names_seen: dict[str, None] = {}
    left = list(names)
    while left:
        name = left.pop()
        module = sys.modules.get(name)
        if name in names_seen or module is None or not _is_own(module):
            continue
        names_seen[name] = None
        for value in list(vars(module).values()):
            used = _module_of(value)
            left += [used] if isinstance(used, str) else []
    return sorted(names_seen)


def _module_of(value: object) -> object:
    """Return the name of a module, or of the module that defines a value; None if there is none.

    The value's own code, such as ``__getattribute__``, is not run: it may raise or warn, as in
    ``torch.distributed.reduce_op``.
    """
    kind = type(value)
    try:
        if issubclass(kind, type):
            return type.__getattribute__(cast("type", value), "__module__")
        name = "__name__" if issubclass(kind, ModuleType) else "__module__"
        return object.__getattribute__(value, name)
    except Exception:  # a property of the user's own may raise anything
        return None


def _is_own(module: ModuleType) -> bool:
    path = getattr(module, "__file__", None)
    if path is None or module.__name__.partition(".")[0] in _OURS:
        return False
    return not any(Path(path).is_relative_to(folder) for folder in INSTALLED)


@functools.cache
def source_digest(module: str) -> str:
    """Return the version and the SHA-256 of the source file of an imported module.

    It is computed once in a process, because later changes of the file are not loaded.
    """
    package = module.partition(".")[0]
    try:
        release = f"version {version(package)}, "
    except PackageNotFoundError:
        release = ""
    path = getattr(sys.modules.get(module), "__file__", None)
    try:
        content = Path(path).read_bytes() if path else b""
    except OSError:
        content = b""
    return (
        f"{release}sha256:{hashlib.sha256(content).hexdigest()}" if content else release or "none"
    )


def describe_differences(recorded: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Return the differences between recorded values and those here, in words."""
    return [
        f"{name}: {_in_words(here.get(name, 'none'))} here, {_in_words(value)} recorded"
        for name, value in sorted(recorded.items())
        if here.get(name, "none") != value
    ]


def _in_words(value: str) -> str:
    """Return a recorded value as it is shown; data without classes are recorded as ``None``.

    Of a digest its beginning is shown, which is enough to see that two differ.
    """
    return _DIGEST.sub(r"\1", value).replace("None classes", "no classes") or "none"


def _dataset_digests(name: str, dataset: Dataset) -> dict[str, str]:
    """Return the digests of a data set's arrays; images with labels keep their earlier names."""
    first, *others = dataset.input_arrays
    are_images = first.dtype.str == "|u1" and first.ndim == 4
    digests = {f"{name} {'images' if are_images else 'inputs'}": _array_digest(first)}
    digests |= {
        f"{name} input {place}": _array_digest(array) for place, array in enumerate(others, 1)
    }
    if dataset.targets is not None:
        kind = "labels" if dataset.has_class_targets else "targets"
        digests[f"{name} {kind}"] = _array_digest(dataset.targets)
    if dataset.transform is not None:
        digests[f"{name} transform"] = _ADDRESS.sub("", repr(dataset.transform))
    return digests


def _array_digest(array: NDArray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    digest.update(array.data)
    return f"sha256:{digest.hexdigest()}"
