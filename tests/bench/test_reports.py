"""Reports: what was measured is on the disk, and what is missing is measured later."""

import json

import msgspec
import pytest

from tuitrain.bench import command, machine, parts, reports
from tuitrain.bench.plan import Case
from tuitrain.bench.results import Part, Report, Row, Trials
from tuitrain.bench.tables import told
from tuitrain.cli import main

CELLS = ("first", "second", "third")


def row(cell, value=2.0, problem=""):
    ours = Trials(values=(value,) if not problem else (), problem=problem)
    other = {"torch eager": Trials(values=(1.0,))}
    return Row(cell=cell, unit="samples/s", subject="tuitrain", trials={"tuitrain": ours} | other)


class Bench:
    """Parts of three cells each, and what happens to them."""

    def __init__(self):
        self.measured = []
        self.stops_at = self.fails_at = ""
        self.on_disk = lambda: None
        self.seen = []

    def choose(self, names):
        return [
            parts.Chosen(name, title, lambda plan, name=name: self._cases(name))
            for name, title in parts.TITLES.items()
            if name in (names or ("throughput", "freeze"))
        ]

    def _cases(self, part):
        for cell in CELLS:
            yield Case((cell,), 1.0, lambda cell=cell: self._measure(f"{part} {cell}", cell))

    def _measure(self, name, cell):
        self.seen.append(self.on_disk())
        if name == self.stops_at:
            raise KeyboardInterrupt
        self.measured.append(name)
        return [row(cell, problem="out of luck" if name == self.fails_at else "")]


@pytest.fixture
def bench(monkeypatch):
    """Have a benchmark that measures at once, on a machine that does not change."""
    faked = Bench()
    monkeypatch.setattr(command, "choose", faked.choose)
    monkeypatch.setattr(parts, "choose", faked.choose)
    monkeypatch.setattr(reports, "machine", lambda: {"cpu": "Some CPU", "load": "1", "cores": "2"})
    return faked


@pytest.fixture
def out(tmp_path):
    return tmp_path / "bench.json"


def cells(path):
    return [(part.name, [row.cell for row in part.rows]) for part in reports.read(path).parts]


def test_the_report_is_on_the_disk_after_every_cell(bench, out):
    bench.on_disk = lambda: cells(out) if out.exists() else None
    assert main(["bench", "--out", str(out), "--only", "throughput"]) == 0
    assert bench.seen == [None, [("throughput", ["first"])], [("throughput", ["first", "second"])]]
    assert cells(out) == [("throughput", list(CELLS))]
    assert [each.name for each in out.parent.iterdir()] == ["bench.json"]


def test_a_run_that_is_stopped_shows_what_it_has_and_how_to_go_on(bench, out, capsys):
    bench.stops_at = "throughput third"
    assert main(["bench", "--out", str(out)]) == 130
    said = capsys.readouterr()
    assert f"tuitrain bench --continue {out} goes on from here" in said.err
    assert "Not measured: third." in said.out
    assert cells(out) == [("throughput", ["first", "second"])]


def test_what_is_missing_is_measured_and_nothing_else(bench, out, capsys):
    bench.stops_at = "throughput third"
    main(["bench", "--continue", str(out)])
    bench.stops_at, bench.measured = "", []
    assert main(["bench", "--continue", str(out), "--json"]) == 0
    assert bench.measured == ["throughput third", *(f"freeze {each}" for each in CELLS)]
    printed = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1], type=Report)
    assert printed == reports.read(out)
    assert cells(out) == [("throughput", list(CELLS)), ("freeze", list(CELLS))]


def test_pieces_of_a_report_come_together_in_order(bench, out):
    for part in ("freeze", "throughput"):
        assert main(["bench", "--continue", str(out), "--only", part]) == 0
    assert [name for name, _ in cells(out)] == ["throughput", "freeze"]
    assert reports.missing(reports.read(out)) == {"throughput": [], "freeze": []}


def test_a_report_that_has_everything_is_only_shown(bench, out, capsys):
    main(["bench", "--continue", str(out)])
    written, bench.measured = out.read_bytes(), []
    capsys.readouterr()
    assert main(["bench", "--continue", str(out)]) == 0
    said = capsys.readouterr()
    assert bench.measured == []
    assert out.read_bytes() == written
    assert said.err == "nothing missing\n"
    assert "Training: samples a second" in said.out


def test_a_cell_in_which_we_failed_is_measured_again(bench, out):
    bench.fails_at = "throughput second"
    main(["bench", "--continue", str(out), "--only", "throughput"])
    bench.fails_at, bench.measured = "", []
    main(["bench", "--continue", str(out), "--only", "throughput"])
    assert bench.measured == ["throughput second"]
    assert cells(out) == [("throughput", list(CELLS))]


def test_out_begins_anew(bench, out):
    main(["bench", "--continue", str(out)])
    main(["bench", "--out", str(out), "--only", "freeze"])
    assert cells(out) == [("freeze", list(CELLS))]


@pytest.mark.parametrize(
    ("given", "here", "said"),
    [
        ([], {"cpu": "Another"}, "measured with cpu 'Some CPU', and here it is 'Another'"),
        ([], {"cpu": "Some CPU", "torch": "2"}, "with torch 'unknown', and here it is '2'"),
        (["--quick"], {}, "measured with quick = False, and now it is True (--quick decides)"),
        (["--repeat", "2"], {}, "with rounds = 5, and now it is 2 (--repeat decides)"),
    ],
)
def test_a_report_of_another_machine_is_not_gone_on_with(
    bench, out, capsys, monkeypatch, given, here, said
):
    main(["bench", "--continue", str(out)])
    written, bench.measured = out.read_bytes(), []
    here = {"cpu": "Some CPU", "load": "3", "cores": "2"} | here
    monkeypatch.setattr(reports, "machine", lambda: here)
    capsys.readouterr()
    assert main(["bench", "--continue", str(out), *given]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert (bench.measured, out.read_bytes()) == ([], written)


def test_pieces_that_were_measured_with_other_code_are_told(bench, out, monkeypatch):
    for code in ("before", "after", "after"):
        monkeypatch.setattr(reports, "code", lambda code=code: code)
        bench.stops_at = "freeze first" if code == "before" else ""
        main(["bench", "--continue", str(out)])
        found = reports.read(out)
        assert ("2 states of tuitrain's code" in told(found)) is (code == "after")
    assert found.codes == ("before", "after")


def test_a_part_of_a_report_says_in_markdown_what_was_not_measured(bench, out, capsys, tmp_path):
    bench.stops_at = "throughput third"
    main(["bench", "--out", str(out)])
    page = tmp_path / "page.md"
    places = ("machine", "goals", "throughput", "freeze")
    page.write_text("".join(f"<!-- bench {name} -->\n<!-- end -->\n" for name in places))
    assert main(["bench", "--markdown", str(out), "--out", str(page)]) == 0
    filled = page.read_text()
    assert "\n\nNot measured: third.\n<!-- end -->" in filled
    assert "<!-- bench freeze -->\nNot measured.\n<!-- end -->" in filled


def test_a_failed_write_leaves_the_report_as_it_was(bench, out, capsys, monkeypatch):
    main(["bench", "--out", str(out), "--only", "throughput"])
    written = out.read_bytes()

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reports, "write_whole", full)
    assert main(["bench", "--continue", str(out)]) == 2
    assert "bench.json cannot be written: No space left on device" in capsys.readouterr().err
    assert out.read_bytes() == written


def test_goals_are_in_the_json(bench, out):
    lenet = row("LeNet, sgd, B=64, 1 thread", 7.0)
    report = reports.begun(False, 5, [])
    part = parts.Chosen("throughput", "Training", lambda plan: iter(()))
    reports.write(out, reports.added(report, part, (), [lenet]))
    (written,) = json.loads(out.read_text())["parts"][0]["rows"]
    assert (written["goal"], written["met"]) == ("≥ 6", True)


def test_a_report_is_judged_by_the_goals_of_today(bench, out):
    old = msgspec.structs.replace(row("LeNet, sgd, B=64, 1 thread"), goal="≥ 1", met=True)
    part = Part("throughput", "Training", (old,))
    report = msgspec.structs.replace(reports.begun(False, 5, []), parts=(part,))
    reports.write(out, report)
    (found,) = reports.read(out).parts[0].rows
    assert (found.goal, found.met) == ("≥ 6", False)


def test_the_machine_of_now_is_the_machine_of_now():
    assert machine.code() == machine.code()
    first, second = machine.machine(), machine.machine()
    assert {**first, "load": ""} == {**second, "load": ""}
