"""A small slice of ``make fuzz``: files of every kind, changed, are read or are one clear error."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "fuzz_files.py"


def test_changed_files_of_any_kind_read_or_raise_our_errors():
    spec = importlib.util.spec_from_file_location("fuzz_files", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    counts, findings = script.fuzz(seed=7, count=8, train_every=8)
    assert not findings
    assert sum(counts.values()) == 13 * 8
    assert {kind for kind, result in counts if result == "refused"} >= {
        "header.json",
        "journal.jsonl",
        "metrics.jsonl",
        "scenario",
        "config",
        "report",
        "checkpoint",
    }
