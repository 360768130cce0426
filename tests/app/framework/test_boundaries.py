"""Imports of the app, in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_the_package_does_not_import_textual():
    assert "textual" not in modules_after("import tuitrain.app, tuitrain.app.source")
