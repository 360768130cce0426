"""Text in and out: how it is displayed, its encoding, and the encodings of files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.hostile import TEXTS
from tests.run_folders import flown
from tests.scenario.small import TEXT
from tuitrain.app.config import ConfigError, read_config
from tuitrain.cli import main
from tuitrain.encoding import ascii_json, decode_text, file_stem, to_encodable, truncate_utf8
from tuitrain.errors import TuitrainError
from tuitrain.records.record_check import Difference, Verdict
from tuitrain.records.record_reader import read_header, read_journal, read_metrics
from tuitrain.run.snapshot import JournalEntry
from tuitrain.scenario.codegen import generate_program
from tuitrain.scenario.events import Finding, Resumed, Started, Trouble
from tuitrain.scenario.load import load, loads
from tuitrain.scenario.report import ProgressBar, TextReport, format_comparison
from tuitrain.scenario.verify import Verification
from tuitrain.text import visible, visible_lines

ANY = st.text(st.characters(codec=None, exclude_categories=()))
ENCODINGS = ("ascii", "latin-1", "utf-8")
NAME = ':fire: [/b] "日本" \\u001b[2J'


@given(ANY)
def test_displayed_text_controls_nothing_and_is_stable(text):
    seen = visible(text)
    assert visible(seen) == seen
    assert not set(seen) & set(map(chr, [*range(32), *range(127, 160), 0x202E, 0x200B, 0x2028]))
    assert "\n" not in seen
    seen.encode("utf-8")
    assert visible_lines(text).count("\n") == text.replace("\r\n", "\n").replace("\r", "\n").count(
        "\n"
    )
    if text.isascii() and text.isprintable():
        assert seen == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[2J", "␛[2J"),
        ("a\tb\nc\r\x00\x7f", "a␉b␊c␍␀␡"),
        ("\x9b\u202e\u200b\u2028\ufeff\udcff", r"\x9b\u202e\u200b\u2028\ufeff\udcff"),
        ("日本 e\u0301\xa0\u3000x", "日本 e\u0301\xa0\u3000x"),
    ],
)
def test_control_characters_are_shown_as_symbols_or_escapes(text, seen):
    assert visible(text) == seen


@given(st.recursive(ANY, lambda part: st.lists(part) | st.dictionaries(ANY, part)))
def test_json_is_ascii_and_equivalent(record):
    text = ascii_json(record)
    assert text.isascii()
    assert "\n" not in text
    try:
        json.dumps(record, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        json.loads(text)
    else:
        assert json.loads(text) == record


@given(ANY, st.integers(0, 40))
def test_file_names_fit(text, size):
    assert len(truncate_utf8(text, size).encode()) <= size
    stem = file_stem(text, size)
    assert len(stem.encode()) <= size
    assert "/" not in stem
    to_encodable(text).encode("utf-8")


@pytest.mark.parametrize("text", TEXTS)
def test_a_report_shows_texts_literally(text):
    out = io.StringIO()
    report = TextReport(Console(file=out, width=10_000))
    events = (
        Started(text, 10, 5, 8),
        Resumed(3, text),
        Trouble(3, text),
        JournalEntry(1, 3, text, "key", "applied", text),
        Finding(3, text, False, text),
    )
    for event in events:
        report.handle(event)
    lines = out.getvalue().splitlines()
    assert len(lines) == len(events)
    assert lines[0] == f"{visible(text)}: 10 steps of 8 samples, 5 an epoch"
    assert all(visible(line) == line and visible(text) in line for line in lines)
    difference = Difference(3, text)
    for verdict in (Verdict(3, None, "", None), Verdict(None, None, "", difference)):
        comparison = Verification(verdict, [text], [text])
        message = format_comparison(text, comparison, json=False)
        assert visible_lines(message) == message
        assert format_comparison(text, comparison, json=True).isascii()


@pytest.mark.parametrize("text", TEXTS)
def test_the_progress_bar_shows_texts_literally(text):
    out = io.StringIO()
    console = Console(file=out, width=500, force_terminal=True, color_system=None)
    bar = ProgressBar(text, console)
    with bar.display():
        bar.handle(Started(text, 10, 5, 8))
        bar.show_task(text)
        bar.set_steps(3)
    assert visible(text)[:20].strip() in out.getvalue()


@pytest.mark.parametrize("text", TEXTS)
def test_a_program_of_any_title_is_valid(text):
    scenario = msgspec.structs.replace(loads(TEXT, "x.toml"), name=text)
    program = generate_program(scenario, "x.toml")
    compile(program, "program", "exec")
    letters = "".join(program.replace("#", " ").split())
    assert "".join(visible(" ".join(text.split())).replace("#", " ").split()) in letters


@pytest.fixture
def scenario(tmp_path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(TEXT.replace('"small"', '":fire: [/b] 日本 \\u001b[2J"', 1), "utf-8")
    return path


class Streams:
    """Stdout and stderr in some encoding."""

    def __init__(self, monkeypatch, encoding: str) -> None:
        self.out, self.err = io.BytesIO(), io.BytesIO()
        for name, under in (("stdout", self.out), ("stderr", self.err)):
            stream = io.TextIOWrapper(under, encoding, line_buffering=True)
            monkeypatch.setattr(sys, name, stream)

    def text(self, encoding: str) -> tuple[str, str]:
        return self.out.getvalue().decode(encoding), self.err.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_command_writes_in_any_encoding(encoding, scenario, tmp_path, monkeypatch):
    folder, past = tmp_path / "läuft 日本", flown(tmp_path / "past", name="日本")
    words = [
        (["run", "--headless", "--out", str(folder), str(scenario)], 0),
        (["run", "--headless", "--json", str(scenario)], 0),
        (["replay", str(scenario)], 0),
        (["replay", str(folder)], 0),
        (["replay", "--json", str(folder)], 0),
        (["resume", str(folder)], 2),
        (["resume", "--although-changed", str(folder)], 0),
        (["save", str(folder), str(tmp_path / "日.toml")], 0),
        (["save", str(past), str(tmp_path / "日.toml")], 2),
        (["replay", str(tmp_path / "nicht-da-日.toml")], 2),
        (["bench", "--markdown", str(tmp_path / "日")], 2),
        (["open", str(folder)], 2),
        (["start"], 2),
        (["serve", "--port", "0"], 2),
        (["日本"], 2),
    ]
    for line, status in words:
        streams = Streams(monkeypatch, encoding)
        assert main(line) == status, (line, streams.text(encoding))
        out, err = streams.text(encoding)
        assert (out != "") is (status == 0), line
        assert "Traceback" not in err
        assert "\x1b" not in out + err
        if "--json" in line:
            assert out.isascii()
            assert all(json.loads(item) for item in out.splitlines())
    assert load(tmp_path / "日.toml").name == ":fire: [/b] 日本 \x1b[2J"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_help_prints_in_any_encoding(encoding, monkeypatch):
    for words in (["--help"], ["bench", "--help"], ["run", "--help"]):
        streams = Streams(monkeypatch, encoding)
        with pytest.raises(SystemExit, match="0"):
            main(words)
        assert streams.text(encoding)[0].startswith("usage: tuitrain")


def test_our_symbols_have_ascii_words(monkeypatch, scenario):
    streams = Streams(monkeypatch, "ascii")
    assert main(["replay", str(scenario)]) == 0
    assert "ok freeze fc: " in streams.text("ascii")[0]


def started(*words: str, **options) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[1]
    path = os.pathsep.join([str(root), str(root / "core")])
    command = [sys.executable, "-m", "tuitrain.cli", *words]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, **options)


@pytest.mark.parametrize("json", [[], ["--json"]], ids=["text", "json"])
def test_a_closed_pipe_ends_a_command_quietly(json, scenario):
    reading, writing = os.pipe()
    os.close(reading)
    process = started("replay", *json, str(scenario), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, output = process.communicate(timeout=120)
    assert (process.returncode, output) == (141, b"")


def test_with_stdout_closed_the_exit_status_remains(scenario):
    process = started("replay", str(scenario), preexec_fn=lambda: os.close(1))
    assert process.wait(timeout=120) == 0


def test_with_stderr_closed_nothing_goes_to_stdout():
    process = started(
        "replay", "not-there.toml", stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2)
    )
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, b"")


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "change", [lambda text: BOM + text, lambda text: text.replace(b"\n", b"\r\n")]
)
def test_files_may_have_a_byte_order_mark_or_windows_line_ends(change, tmp_path):
    scenario, config = tmp_path / "x.toml", tmp_path / "config.toml"
    scenario.write_bytes(change(TEXT.encode()))
    assert load(scenario).name == "small"
    config.write_bytes(change(b'theme = "nord"\nrate = 5\n'))
    assert read_config(config, ["nord"]).rate == 5
    folder = flown(tmp_path / "run")
    before = read_header(folder), read_journal(folder), read_metrics(folder)
    for name in ("header.json", "journal.jsonl", "metrics.jsonl"):
        (folder / name).write_bytes(change((folder / name).read_bytes()))
    assert (read_header(folder), read_journal(folder), read_metrics(folder)) == before


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_one_error(codec, tmp_path):
    scenario, config = tmp_path / "x.toml", tmp_path / "config.toml"
    for path in (scenario, config):
        path.write_bytes(TEXT.strip().encode(codec))
    with pytest.raises(TuitrainError, match=r"x\.toml: this is UTF-16 or UTF-32 text"):
        load(scenario)
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        read_config(config, [])


def test_invalid_utf_8_is_an_error_with_its_place(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b'schema = 1\nname = "caf\xe9"\n')
    with pytest.raises(TuitrainError) as message:
        load(path)
    where = "byte 0xe9 at line 2, column 12 (byte 22)"
    assert str(message.value) == f"{path}: not UTF-8 text: {where}"
    folder = flown(tmp_path / "run")
    journal = folder / "journal.jsonl"
    journal.write_bytes(b'{"a": "\xff"}\n')
    with pytest.raises(TuitrainError, match=r"journal\.jsonl, line 1"):
        read_journal(folder)


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_our_error(content):
    try:
        text = decode_text(content, "x")
    except TuitrainError as error:
        assert str(error).startswith("x: ")
    else:
        assert text.encode() == content.removeprefix(BOM)


def test_a_file_name_that_is_not_utf_8_is_displayed_and_usable(monkeypatch, tmp_path, scenario):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/run-\xff"))
    for words in (
        ["run", "--headless", "--out", str(folder), str(scenario)],
        ["replay", str(folder)],
        ["replay", "--json", str(folder)],
        ["save", str(folder), str(folder / "x.toml")],
        ["save", str(folder), str(folder / "x.py")],
    ):
        streams = Streams(monkeypatch, "utf-8")
        assert main(words) == 0
        out, _ = streams.text("utf-8")
        assert words[0] == "run" or "run-\\udcff" in out.replace("\\\\", "\\")
