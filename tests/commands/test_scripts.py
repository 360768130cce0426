"""Names in any script: an accepted name is written and reads back equal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.commands import Freeze, Regroup, is_name, parse, to_text
from tuitrain.errors import CommandError

NAMES = st.text(st.characters(categories=("L", "M", "N", "P", "Z", "C", "S")), min_size=1)
LETTERS = st.text(st.characters(categories=("L", "M", "Nd")), min_size=1)


@pytest.mark.parametrize(
    "name", ["größe", "日本語", "слой", "שכבה", "طبقة", "हिन्दी", "e\u0301tat", "é", "層-1.a_b"]
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_in_any_script_is_a_name(name, form):
    name = unicodedata.normalize(form, name)
    assert is_name(name)
    for command in (Freeze(name), Regroup(name, ("*",))):
        assert parse(to_text(command)) == command


@given(st.one_of(NAMES, LETTERS))
def test_accepted_names_are_written_and_read_back(name):
    try:
        command = Freeze(name)
    except CommandError as error:
        assert "takes a group's name or a glob" in str(error)
        return
    assert parse(to_text(command)) == command


@given(LETTERS)
def test_a_name_is_letters_digits_and_marks_and_begins_with_a_letter(name):
    assert is_name(name) is (unicodedata.category(name[0])[0] == "L")


@pytest.mark.parametrize(
    "name", ["", "1st", "a b", "a\u3000b", "a\u200bb", "\u0301a", "a\x1b", "[/"]
)
def test_invalid_names_are_refused(name):
    assert not is_name(name)
