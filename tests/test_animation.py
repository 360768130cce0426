"""The README's animation: small, valid and self-contained."""

from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "flight.svg"


def test_the_animation_is_small_enough_for_a_page():
    assert PICTURE.stat().st_size < 400_000


def test_the_animation_is_valid_and_self_contained():
    text = PICTURE.read_text()
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert "@keyframes" in text
    assert "<script" not in text
    assert text.count("http") == 1  # the name of the format


def test_the_animation_respects_reduced_motion():
    assert "prefers-reduced-motion" in PICTURE.read_text()


def test_the_readme_shows_the_animation():
    assert "(docs/flight.svg)" in (ROOT / "README.md").read_text()
