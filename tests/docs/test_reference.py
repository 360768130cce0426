"""The reference is what the code's own tables say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.write_reference import PARTS, REFERENCE, filled

PAGES = sorted(REFERENCE.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_generated_parts_are_up_to_date(page: Path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text, "run `make reference`"


def test_every_part_is_on_a_page():
    named = re.findall(r"<!-- generated: ([\w ]+) -->", "".join(p.read_text() for p in PAGES))
    assert sorted(named) == sorted(PARTS)
