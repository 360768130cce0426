"""The command: what it prints, what it writes, and what it says of a mistake."""

import errno
import json
import os
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tuitrain.bench import command, parts
from tuitrain.bench.peers import PEERS
from tuitrain.bench.plan import Case, Plan
from tuitrain.bench.results import Part, Report, Row, Trials
from tuitrain.bench.tables import filled_in, markdown, problems, rich_table, told
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


def test_the_table_says_who_was_best_and_how_sure_that_is():
    assert shown(report(LENET, KEY).parts[0]) == [
        "Training: samples a second",
        "                            ┃ measured ┃           best other ┃ ratio (quartiles)",
        "━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━",
        " LeNet, sgd, B=64, 1 thread │ 90.0 k/s │ 20.0 k/s torch eager │  4.50 (4.25–4.75)",
        " key, p99                   │  45.1 ms │                      │",
    ]


def test_what_could_not_be_measured_is_named_with_its_reason():
    found = list(problems(report(LENET).parts[0]))
    assert found == ["JAX jit: no answer within 240 s (LeNet, sgd, B=64, 1 thread)"]


def test_a_markdown_table_leaves_out_columns_without_a_word():
    assert markdown(report(FROZEN).parts[0]) == (
        "|  | measured | best other | ratio (quartiles) | expected |\n"
        "| --- | --: | --: | --: | --: |\n"
        "| LeNet, 2 of 5 layers frozen | 400 µs | 1.00 ms none frozen | 2.50 (2.50–2.50) | 2.33 |"
    )
    assert markdown(report(KEY).parts[0]).splitlines()[0] == "|  | measured |"


def test_a_report_survives_its_file():
    encoded = msgspec.json.encode(report(LENET, FROZEN, KEY))
    assert msgspec.json.decode(encoded, type=Report) == report(LENET, FROZEN, KEY)


@pytest.fixture
def measuring(monkeypatch):
    """Let every part give one row at once."""
    asked = []

    def cases(plan):
        def measure():
            asked.append(plan)
            yield LENET

        yield Case((LENET.cell,), 1.0, measure)

    chosen = parts.choose

    def choose(names):
        return [parts.Chosen(each.name, each.title, cases) for each in chosen(names)]

    monkeypatch.setattr(command, "choose", choose)
    return asked


def test_json_prints_a_report_and_nothing_else(measuring, capsys):
    assert main(["bench", "--json", "--only", "throughput", "freeze"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in printed["parts"]] == ["throughput", "freeze"]
    row = printed["parts"][0]["rows"][0]
    assert row["trials"]["tuitrain"]["values"] == [80_000.0, 90_000.0, 100_000.0]
    assert {"cpu", "cores", "features", "python", "numpy", "tuitrain"} <= set(printed["machine"])
    assert printed["schema"] == 1
    assert printed["date"]


def test_all_parts_are_measured_in_their_order_without_only(measuring, capsys):
    assert main(["bench", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in printed["parts"]] == list(parts.TITLES)


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


def test_tables_go_to_their_places_in_a_document():
    document = (
        "<!-- bench machine -->\nold\n<!-- end -->\ntext\n"
        "<!-- bench throughput -->\nold\n<!-- end -->\n"
        "<!-- bench freeze -->\nold\n<!-- end -->\n"
        "<!-- bench goals -->\nold\n<!-- end -->\n"
    )
    found = filled_in(document, report(KEY), {})
    assert "Some CPU, 2 cores, Linux; python 3.12.1. 2026-01-02, at most 3 rounds." in found
    assert "Not installed: JAX scan." in found
    assert "<!-- bench throughput -->\n|  | measured |\n" in found
    assert "text\n" in found
    assert "<!-- bench freeze -->\nNot measured.\n" in found
    assert "| Adam alone, 10M and 40M parameters | ≥ 1 | not measured |  |" in found
    assert "old" not in found
    assert filled_in(found, report(KEY), {}) == found


def test_the_page_about_performance_has_a_place_for_every_part():
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    for name in ("machine", "goals", *parts.TITLES):
        assert page.count(f"<!-- bench {name} -->\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--without", "JAX"], "no peer 'JAX'"),
        (["--only", "trughput"], "no part 'trughput', did you mean 'throughput'? (parts: "),
        (["--repeat", "0"], "--repeat takes a whole number from 1 up, but was given 0"),
        (["--out", "/dev/null/bench.json"], "/dev/null/bench.json cannot be written"),
        (["--continue", "/dev/null/bench.json"], "/dev/null/bench.json cannot be written"),
        (["--continue", "a.json", "--out", "b.json"], "--out does not go with it"),
        (["--markdown", "/nonexistent.json"], "/nonexistent.json cannot be read"),
        (["--markdown", "/dev/null"], "/dev/null is no report of the benchmark"),
    ],
)
def test_a_mistake_is_told_in_one_line_before_anything_is_measured(
    measuring, capsys, arguments, said
):
    assert main(["bench", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not measuring


def test_a_full_disk_ends_the_report_and_not_the_measuring(
    measuring, capsys, tmp_path, monkeypatch
):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    out = tmp_path / "bench.json"
    assert main(["bench", "--json", "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert [each["name"] for each in json.loads(printed.out)["parts"]] == list(parts.TITLES)
    assert printed.err.splitlines()[-1:] == [
        f"tuitrain: {out} cannot be written: No space left on device"
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_whole_when_there_is_room_again(measuring, capsys, tmp_path, monkeypatch):
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


def test_peers_that_are_left_out_are_not_asked_and_the_report_says_so(measuring, capsys):
    assert main(["bench", "--json", "--only", "freeze", "--without", "NumPy"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["left_out"] == ["NumPy"]
    assert "NumPy" not in [each.name for each in measuring[0].peers]
    assert "Left out: NumPy." in told(msgspec.convert(printed, type=Report))


def test_a_document_without_a_place_is_told_and_stays(measuring, capsys, tmp_path):
    out, page = tmp_path / "bench.json", tmp_path / "page.md"
    main(["bench", "--json", "--only", "throughput", "--out", str(out)])
    page.write_text("nothing here\n")
    assert main(["bench", "--markdown", str(out), "--out", str(page)]) == 2
    assert "the document lacks <!-- bench throughput -->" in capsys.readouterr().err
    assert page.read_text() == "nothing here\n"


@pytest.mark.parametrize("quick", [False, True])
def test_every_part_plans_cells_of_names_of_their_own(quick):
    for each in parts.choose([]):
        cells = each.cells(Plan(quick=quick, threads=(1, 2)))
        assert cells
        assert len(set(cells)) == len(cells)


def test_a_whole_run_takes_about_half_an_hour_with_everyone_on_two_cores():
    seconds = 0.0
    for each in parts.choose([]):
        rounds = each.rounds(False, command.ROUNDS)
        plan = Plan(rounds=rounds, seconds=command.SECONDS, threads=(1, 2), peers=PEERS)
        seconds += sum(case.seconds for case in each.cases(plan))
    assert seconds < 35 * 60
