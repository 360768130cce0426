"""The command: its output, its files, and its errors."""

import errno
import json
import os
from dataclasses import replace
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tuitrain.bench import command, parts
from tuitrain.bench.peers import PEERS
from tuitrain.bench.plan import Case, Plan
from tuitrain.bench.results import Part, Report, Row, Trials
from tuitrain.bench.tables import fill_document, markdown, measured_on, problems, rich_table
from tuitrain.cli import main

ROOT = Path(__file__).parent.parent.parent

LENET = Row(
    cell="LeNet, sgd, B=64, 1 thread",
    unit="samples/s",
    subject="tuitrain",
    trials={
        "tuitrain": Trials(values=(80_000.0, 90_000.0, 100_000.0), variant="engine"),
        "torch eager": Trials(values=(20_000.0, 20_000.0, 20_000.0), variant="fused"),
        "JAX jit": Trials(problem="no answer within 240 s"),
    },
)
FROZEN = Row(
    cell="LeNet, 2 of 5 layers frozen",
    unit="s",
    subject="2 frozen",
    trials={"2 frozen": Trials(values=(0.0004,)), "none frozen": Trials(values=(0.001,))},
    expected=2.327,
)
KEY = Row(
    cell="key, p99",
    unit="s",
    subject="tuitrain",
    trials={"tuitrain": Trials(values=(0.0451,))},
)


def report(*rows: Row) -> Report:
    return Report(
        date="2026-01-02T03:04:05+00:00",
        quick=False,
        rounds=3,
        machine={"cpu": "Some CPU", "cores": "2", "system": "Linux", "python": "3.12.1"},
        not_installed=("JAX scan",),
        parts=(Part("throughput", "Training: samples a second", rows),),
    )


def shown(part: Part) -> list[str]:
    console = Console(width=100, record=True, file=StringIO())
    console.print(rich_table(part))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_the_table_has_the_best_other_and_quartiles():
    assert shown(report(LENET, KEY).parts[0]) == [
        "Training: samples a second",
        "                            ┃ measured ┃           best other ┃ ratio (quartiles)",
        "━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━",
        " LeNet, sgd, B=64, 1 thread │ 90.0 k/s │ 20.0 k/s torch eager │  4.50 (4.25–4.75)",
        " key, p99                   │  45.1 ms │                      │",
    ]


def test_problems_have_peer_reason_and_cell():
    lines = list(problems(report(LENET).parts[0]))
    assert lines == ["JAX jit: no answer within 240 s (LeNet, sgd, B=64, 1 thread)"]


def test_a_markdown_table_leaves_out_empty_columns():
    assert markdown(report(FROZEN).parts[0]) == (
        "|  | measured | best other | ratio (quartiles) | expected |\n"
        "| --- | --: | --: | --: | --: |\n"
        "| LeNet, 2 of 5 layers frozen | 400 µs | 1.00 ms none frozen | 2.50 (2.50–2.50) | 2.33 |"
    )
    assert markdown(report(KEY).parts[0]).splitlines()[0] == "|  | measured |"


def test_a_report_round_trips_through_json():
    encoded = msgspec.json.encode(report(LENET, FROZEN, KEY))
    assert msgspec.json.decode(encoded, type=Report) == report(LENET, FROZEN, KEY)


@pytest.fixture
def measuring(monkeypatch):
    """Have every part yield one row at once; return the list of the plans that are measured."""
    plans = []

    def cases(plan):
        def measure():
            plans.append(plan)
            yield LENET

        yield Case((LENET.cell,), 1.0, measure)

    select_parts = parts.select_parts
    monkeypatch.setattr(
        command,
        "select_parts",
        lambda names: [replace(part, cases=cases) for part in select_parts(names)],
    )
    return plans


def test_json_prints_only_a_report(measuring, capsys):
    assert main(["bench", "--json", "--only", "throughput", "freeze"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [part["name"] for part in printed["parts"]] == ["throughput", "freeze"]
    row = printed["parts"][0]["rows"][0]
    assert row["trials"]["tuitrain"]["values"] == [80_000.0, 90_000.0, 100_000.0]
    assert {"cpu", "cores", "features", "python", "numpy", "tuitrain"} <= set(printed["machine"])
    assert printed["schema"] == 1
    assert printed["date"]


def test_all_parts_are_measured_in_order_by_default(measuring, capsys):
    assert main(["bench", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [part["name"] for part in printed["parts"]] == list(parts.TITLES)


def test_the_report_is_written_and_the_tables_are_printed(measuring, capsys, tmp_path):
    out = tmp_path / "build" / "bench.json"
    assert main(["bench", "--quick", "--repeat", "5", "--out", str(out)]) == 0
    written = msgspec.json.decode(out.read_bytes(), type=Report)
    assert (written.rounds, written.quick) == (5, True)
    assert (measuring[0].rounds, measuring[0].quick) == (5, True)
    printed = capsys.readouterr().out
    assert "4.50 (4.25–4.75)" in printed
    assert "no answer within 240 s" in printed


def test_markdown_prints_the_tables_of_a_report(measuring, capsys, tmp_path):
    out = tmp_path / "bench.json"
    main(["bench", "--json", "--only", "throughput", "--out", str(out)])
    capsys.readouterr()
    assert main(["bench", "--markdown", str(out)]) == 0
    assert "| LeNet, sgd, B=64, 1 thread | 90.0 k/s |" in capsys.readouterr().out


def test_tables_are_put_into_the_places_of_a_document():
    document = (
        "<!-- bench machine -->\nold\n<!-- end -->\ntext\n"
        "<!-- bench throughput -->\nold\n<!-- end -->\n"
        "<!-- bench freeze -->\nold\n<!-- end -->\n"
        "<!-- bench goals -->\nold\n<!-- end -->\n"
    )
    filled = fill_document(document, report(KEY), {})
    assert "Some CPU, 2 cores, Linux; python 3.12.1. 2026-01-02, at most 3 rounds." in filled
    assert "Not installed: JAX scan." in filled
    assert "<!-- bench throughput -->\n|  | measured |\n" in filled
    assert "text\n" in filled
    assert "<!-- bench freeze -->\nNot measured.\n" in filled
    assert "| Adam alone, 10M and 40M parameters | ≥ 1 | not measured |  |" in filled
    assert "old" not in filled
    assert fill_document(filled, report(KEY), {}) == filled


def test_the_performance_page_has_a_place_for_every_part():
    page = (ROOT / "docs" / "explanation" / "performance.md").read_text("utf-8")
    for name in ("machine", "goals", *parts.TITLES):
        assert page.count(f"<!-- bench {name} -->\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--without", "JAX"], "no peer 'JAX'"),
        (["--only", "trughput"], "no part 'trughput', did you mean 'throughput'? (parts: "),
        (["--repeat", "0"], "--repeat takes a whole number from 1 up, but was given 0"),
        (["--out", "/dev/null/bench.json"], "/dev/null/bench.json cannot be written"),
        (["--continue", "/dev/null/bench.json"], "/dev/null/bench.json cannot be written"),
        (["--continue", "a.json", "--out", "b.json"], "--out does not go with it"),
        (["--markdown", "/nonexistent.json"], "/nonexistent.json cannot be read"),
        (["--markdown", "/dev/null"], "/dev/null is not a report of the benchmark"),
    ],
)
def test_a_usage_error_is_one_line_before_any_measurement(measuring, capsys, arguments, message):
    assert main(["bench", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not measuring


def test_the_measurement_continues_on_a_full_disk(measuring, capsys, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    out = tmp_path / "bench.json"
    assert main(["bench", "--json", "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert [part["name"] for part in json.loads(printed.out)["parts"]] == list(parts.TITLES)
    assert printed.err.splitlines()[-1:] == [
        f"tuitrain: {out} cannot be written: No space left on device"
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_complete_once_there_is_room_again(measuring, capsys, tmp_path, monkeypatch):
    fsync, calls = os.fsync, []

    def full_at_first(file):
        calls.append(file)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    monkeypatch.setattr("os.fsync", full_at_first)
    out = tmp_path / "bench.json"
    assert main(["bench", "--json", "--out", str(out)]) == 0
    assert json.loads(out.read_bytes()) == json.loads(capsys.readouterr().out)


def test_excluded_peers_are_named_in_the_report(measuring, capsys):
    assert main(["bench", "--json", "--only", "freeze", "--without", "NumPy"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["left_out"] == ["NumPy"]
    assert "NumPy" not in [peer.name for peer in measuring[0].peers]
    assert "Left out: NumPy." in measured_on(msgspec.convert(printed, type=Report))


def test_a_document_without_a_place_is_an_error_and_stays_unchanged(measuring, capsys, tmp_path):
    out, page = tmp_path / "bench.json", tmp_path / "page.md"
    main(["bench", "--json", "--only", "throughput", "--out", str(out)])
    page.write_text("nothing here\n")
    assert main(["bench", "--markdown", str(out), "--out", str(page)]) == 2
    assert "the document lacks <!-- bench throughput -->" in capsys.readouterr().err
    assert page.read_text() == "nothing here\n"


@pytest.mark.parametrize("quick", [False, True])
def test_the_cells_of_a_part_have_distinct_names(quick):
    for part in parts.PARTS:
        cells = part.cells(Plan(quick=quick, threads=(1, 2)))
        assert cells
        assert len(set(cells)) == len(cells)


def test_a_complete_run_with_all_peers_takes_about_half_an_hour_on_two_cores():
    seconds = 0.0
    for part in parts.PARTS:
        rounds = part.default_rounds(False, command.ROUNDS)
        plan = Plan(rounds=rounds, seconds=command.SECONDS, threads=(1, 2), peers=PEERS)
        seconds += sum(case.seconds for case in part.cases(plan))
    assert seconds < 35 * 60
