"""The layout of the repository: the direction of imports, and modules that must not be loaded."""

import ast
import json
import logging
import re
import subprocess
import sys
import tomllib
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent

LARGEST_FOLDER = 25
"""Python files in one folder."""

PRIVATE = re.compile(r"\.\s*_[^_]")
"""The text of any attribute whose name begins with one underscore."""

FOREIGN = {
    "_replace",  # of named tuples
    "_post_mouse_events",  # of Textual's pilot
    "_wait_for_screen",
    "_move_page",
}
"""Private names of libraries that tests need."""


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a new interpreter holds after a statement."""
    code = (
        f"import sys, json; {statement}; print(json.dumps([m.split('.')[0] for m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def enabled_loggers():
    """Enable loggers again: import-linter configures logging, which disables all that there are."""
    yield
    for name in logging.root.manager.loggerDict:
        logging.getLogger(name).disabled = False


@pytest.mark.usefixtures("enabled_loggers")
def test_dependencies_point_one_way(capsys):
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0
    assert "0 broken" in capsys.readouterr().out


def test_the_core_loads_neither_run_nor_screen():
    loaded = modules_after("import tuitrain_core")
    assert not loaded & {"tuitrain", "textual", "rich", "msgspec", "threadpoolctl"}


def test_the_run_loads_no_screen():
    loaded = modules_after("import tuitrain.run.live.live_run, tuitrain.scenario.replay")
    assert "textual" not in loaded


def test_help_loads_neither_numba_nor_textual():
    code = "from tuitrain.cli import main\n"
    for arguments in (["--help"], ["run", "--help"], ["bench", "--help"], ["--version"]):
        code += f"try: main({arguments})\nexcept SystemExit: pass\n"
    assert not modules_after(f"exec({code!r})") & {"numba", "textual", "numpy"}


@cache
def import_graph() -> grimp.ImportGraph:
    """Return which module imports which."""
    return grimp.build_graph("tuitrain", "tuitrain_core", cache_dir=None)


def test_no_modules_import_one_another():
    graph = import_graph()
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    TopologicalSorter(imports).prepare()  # raises a CycleError that names the circle


def test_no_contract_has_exceptions():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    assert [contract["name"] for contract in contracts if "ignore_imports" in contract] == []


def test_only_the_registry_imports_an_engine():
    graph = import_graph()
    for engine in ("embedded", "torch"):
        inside = {name for name in graph.modules if name.startswith(f"tuitrain.engines.{engine}")}
        importers = {
            other for name in inside for other in graph.find_modules_that_directly_import(name)
        }
        assert importers - inside == {"tuitrain.engines.registry"}


def test_a_package_imports_its_own_modules_by_relative_names_and_no_others():
    other_style = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("tuitrain")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and is_misnamed(node, path)
    ]
    assert other_style == []


def test_folders_are_small():
    sizes = Counter(path.parent.relative_to(ROOT).as_posix() for path in python_files())
    large = {folder: size for folder, size in sizes.items() if size > LARGEST_FOLDER}
    assert large == {}


def test_modules_of_tests_outside_of_packages_have_names_of_their_own():
    """Python finds such a module by its name alone."""
    files = [path for path in python_files("tests") if not (path.parent / "__init__.py").exists()]
    names = Counter(path.name for path in files if path.name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []


def test_tests_use_public_names():
    used = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.attr}"
        for path in python_files("tests")
        for text in [path.read_text(encoding="utf-8")]
        if PRIVATE.search(text)  # to parse all files takes seconds
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and is_private(node)
    ]
    assert used == []


def python_files(folder: str = "") -> list[Path]:
    """Return the Python files of the repository, or of a folder of it."""
    listed = subprocess.run(
        ["git", "ls-files", f"{folder or '.'}/*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines()]


def is_misnamed(node: ast.ImportFrom, path: Path) -> bool:
    """Whether an import names a module of its own package in full, or another one relatively."""
    _, package, *inside = path.relative_to(ROOT).parts
    if not inside:  # a module of `tuitrain` itself
        return False
    own = f"tuitrain.{package}"
    named_in_full = node.level == 0 and f"{node.module}.".startswith(f"{own}.")
    return named_in_full or node.level > len(inside)


def is_private(node: ast.Attribute) -> bool:
    """Whether a private attribute of another object is used; libraries' own are no concern."""
    owned = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    private = node.attr.startswith("_") and not node.attr.startswith("__")
    return private and not owned and node.attr not in FOREIGN


SMALL_BODY = 20
"""Nodes of a syntax tree: smaller bodies of functions may be equal by chance."""


def test_no_function_of_the_program_is_written_twice():
    places: dict[str, list[str]] = {}
    for path in python_files("tuitrain"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if sum(1 for statement in body for _ in ast.walk(statement)) >= SMALL_BODY:
                    key = "\n".join(map(ast.dump, body))
                    place = f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
                    places.setdefault(key, []).append(place)
    assert [twins for twins in places.values() if len(twins) > 1] == []
