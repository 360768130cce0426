"""The language of the repository: no words that its style excludes."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXCLUDED = re.compile(
    r"\b(nobody|somebody|whoever|anybody|so many|(?:is|are|was|were) (?:told|said)|lets go|stands"
    r"|(?:go|goes|going|went) on|(?:come|comes|came) to|shall|whereupon|anew)\b",
    re.IGNORECASE,
)
NAMES = {"mine", "theirs", "said", "told", "found", "given", "asked", "each"}
PARAMETERS = {"tell", "most", "least"}
BINDING = re.compile(
    rf"(?<![.\w])(?:{'|'.join(NAMES | PARAMETERS)})\s*(?:[]),:;=|@\\]|[-+*/%&^<>]{{1,3}}=|in\b|$|#)"
    rf"|\bas (?:{'|'.join(NAMES)})\b",
    re.MULTILINE,
)
"""The text of anything that binds one of the names."""

ALLOWED = {"tests/test_language.py", "CHANGELOG.md", "LICENSE.md"}
"""Files that quote the words, describe the past, or are not ours."""

KEPT = ("'goes on'", '"goes on"', "lr nobody 1")
"""Texts in records, which keep their words."""


def files(*suffixes: str) -> list[Path]:
    """Return the files of the repository with one of the endings."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [
        ROOT / name
        for name in listed
        if name.endswith(suffixes)
        and name not in ALLOWED
        and Path(name).name not in ALLOWED
        and not name.startswith(("tests/tutorial/page/", "tests/records/kept/"))
    ]


@pytest.mark.parametrize(
    "folder", ["core", "tuitrain", "scripts", "scenarios", "docs", "tests", "examples"]
)
def test_no_text_has_excluded_words(folder):
    lines = [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in files(".py", ".md", ".toml", ".tcss", ".css")
        if path.relative_to(ROOT).parts[0] == folder
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for match in [EXCLUDED.search(line)]
        if match and not any(text in line for text in KEPT)
    ]
    assert lines == []


@pytest.mark.parametrize("folder", ["core", "tuitrain", "scripts", "tests", "examples"])
def test_names_are_nouns_of_the_field(folder):
    lines = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name}"
        for path in files(".py")
        if path.relative_to(ROOT).parts[0] == folder
        for text in [path.read_text(encoding="utf-8")]
        if BINDING.search(text)  # to parse all files takes seconds
        for node in ast.walk(without_fields(ast.parse(text)))
        for name in bound_names(node)
    ]
    assert lines == []


def without_fields(tree: ast.Module) -> ast.Module:
    """Return a module without the fields of its classes, whose names files may hold."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.body = [line for line in node.body if not isinstance(line, ast.AnnAssign)]
    return tree


def bound_names(node: ast.AST) -> list[str]:
    """Return the excluded names that a node binds."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in NAMES:
        return [node.id]
    if isinstance(node, ast.arg) and node.arg in NAMES | PARAMETERS:
        return [node.arg]
    return []
