"""Reports: written after every cell, and continued later."""

import json

import msgspec
import pytest

from tuitrain.bench import command, machine, parts, reports
from tuitrain.bench.plan import Case
from tuitrain.bench.results import Part, Report, Row, Trials
from tuitrain.bench.tables import measured_on
from tuitrain.cli import main

CELLS = ("first", "second", "third")


def row(cell, value=2.0, problem=""):
    ours = Trials(values=(value,) if not problem else (), problem=problem)
    other = {"torch eager": Trials(values=(1.0,))}
    return Row(cell=cell, unit="samples/s", subject="tuitrain", trials={"tuitrain": ours} | other)


class Bench:
    """A fake benchmark of parts with three cells each, which logs its measurements."""

    def __init__(self):
        self.measured = []
        self.interrupt_at = self.fail_at = ""
        self.read_disk = lambda: None
        self.snapshots = []

    def select_parts(self, names):
        return [
            parts.PartSpec(name, title, lambda plan, name=name: self._cases(name))
            for name, title in parts.TITLES.items()
            if name in (names or ("throughput", "freeze"))
        ]

    def _cases(self, part):
        for cell in CELLS:
            yield Case((cell,), 1.0, lambda cell=cell: self._measure(f"{part} {cell}", cell))

    def _measure(self, name, cell):
        self.snapshots.append(self.read_disk())
        if name == self.interrupt_at:
            raise KeyboardInterrupt
        self.measured.append(name)
        return [row(cell, problem="out of luck" if name == self.fail_at else "")]


@pytest.fixture
def bench(monkeypatch):
    """Replace the parts by a fake benchmark, and the machine by a constant."""
    fake = Bench()
    monkeypatch.setattr(command, "select_parts", fake.select_parts)
    monkeypatch.setattr(parts, "select_parts", fake.select_parts)
    machine = {"cpu": "Some CPU", "load": "1", "cores": "2"}
    monkeypatch.setattr(reports, "describe_machine", lambda: machine)
    return fake


@pytest.fixture
def out(tmp_path):
    return tmp_path / "bench.json"


def cells(path):
    return [
        (part.name, [row.cell for row in part.rows]) for part in reports.read_report(path).parts
    ]


def test_the_report_is_written_after_every_cell(bench, out):
    bench.read_disk = lambda: cells(out) if out.exists() else None
    assert main(["bench", "--out", str(out), "--only", "throughput"]) == 0
    assert bench.snapshots == [
        None,
        [("throughput", ["first"])],
        [("throughput", ["first", "second"])],
    ]
    assert cells(out) == [("throughput", list(CELLS))]
    assert [path.name for path in out.parent.iterdir()] == ["bench.json"]


def test_an_interrupted_run_shows_its_results_and_how_to_continue(bench, out, capsys):
    bench.interrupt_at = "throughput third"
    assert main(["bench", "--out", str(out)]) == 130
    output = capsys.readouterr()
    assert f"to continue: tuitrain bench --continue {out}\n" in output.err
    assert "Not measured: third." in output.out
    assert cells(out) == [("throughput", ["first", "second"])]


def test_only_missing_cells_are_measured(bench, out, capsys):
    bench.interrupt_at = "throughput third"
    main(["bench", "--continue", str(out)])
    bench.interrupt_at, bench.measured = "", []
    assert main(["bench", "--continue", str(out), "--json"]) == 0
    assert bench.measured == ["throughput third", *(f"freeze {cell}" for cell in CELLS)]
    printed = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1], type=Report)
    assert printed == reports.read_report(out)
    assert cells(out) == [("throughput", list(CELLS)), ("freeze", list(CELLS))]


def test_the_parts_of_a_continued_report_are_in_order(bench, out):
    for part in ("freeze", "throughput"):
        assert main(["bench", "--continue", str(out), "--only", part]) == 0
    assert [name for name, _ in cells(out)] == ["throughput", "freeze"]
    assert reports.missing_cells(reports.read_report(out)) == {"throughput": [], "freeze": []}


def test_a_complete_report_is_only_printed(bench, out, capsys):
    main(["bench", "--continue", str(out)])
    written, bench.measured = out.read_bytes(), []
    capsys.readouterr()
    assert main(["bench", "--continue", str(out)]) == 0
    output = capsys.readouterr()
    assert bench.measured == []
    assert out.read_bytes() == written
    assert output.err == "nothing missing\n"
    assert "Training: samples a second" in output.out


def test_a_cell_without_a_value_of_tuitrain_is_measured_again(bench, out):
    bench.fail_at = "throughput second"
    main(["bench", "--continue", str(out), "--only", "throughput"])
    bench.fail_at, bench.measured = "", []
    main(["bench", "--continue", str(out), "--only", "throughput"])
    assert bench.measured == ["throughput second"]
    assert cells(out) == [("throughput", list(CELLS))]


def test_out_starts_a_new_report(bench, out):
    main(["bench", "--continue", str(out)])
    main(["bench", "--out", str(out), "--only", "freeze"])
    assert cells(out) == [("freeze", list(CELLS))]


@pytest.mark.parametrize(
    ("options", "machine", "message"),
    [
        ([], {"cpu": "Another"}, "measured with cpu 'Some CPU', and here it is 'Another'"),
        ([], {"cpu": "Some CPU", "torch": "2"}, "with torch 'unknown', and here it is '2'"),
        (["--quick"], {}, "measured with quick = False, and now it is True (--quick decides)"),
        (["--repeat", "2"], {}, "with rounds = 5, and now it is 2 (--repeat decides)"),
    ],
)
def test_a_report_of_another_machine_or_other_settings_is_not_continued(
    bench, out, capsys, monkeypatch, options, machine, message
):
    main(["bench", "--continue", str(out)])
    written, bench.measured = out.read_bytes(), []
    machine = {"cpu": "Some CPU", "load": "3", "cores": "2"} | machine
    monkeypatch.setattr(reports, "describe_machine", lambda: machine)
    capsys.readouterr()
    assert main(["bench", "--continue", str(out), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert (bench.measured, out.read_bytes()) == ([], written)


def test_a_report_says_that_the_code_has_changed(bench, out, monkeypatch):
    for code in ("before", "after", "after"):
        monkeypatch.setattr(reports, "code_digest", lambda code=code: code)
        bench.interrupt_at = "freeze first" if code == "before" else ""
        main(["bench", "--continue", str(out)])
        report = reports.read_report(out)
        assert ("2 states of tuitrain's code" in measured_on(report)) is (code == "after")
    assert report.codes == ("before", "after")


def test_markdown_names_the_missing_cells(bench, out, capsys, tmp_path):
    bench.interrupt_at = "throughput third"
    main(["bench", "--out", str(out)])
    page = tmp_path / "page.md"
    places = ("machine", "goals", "throughput", "freeze")
    page.write_text("".join(f"<!-- bench {name} -->\n<!-- end -->\n" for name in places))
    assert main(["bench", "--markdown", str(out), "--out", str(page)]) == 0
    filled = page.read_text()
    assert "\n\nNot measured: third.\n<!-- end -->" in filled
    assert "<!-- bench freeze -->\nNot measured.\n<!-- end -->" in filled


def test_a_failed_write_leaves_the_report_unchanged(bench, out, capsys, monkeypatch):
    main(["bench", "--out", str(out), "--only", "throughput"])
    written = out.read_bytes()

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reports, "write_atomic", full)
    assert main(["bench", "--continue", str(out)]) == 2
    assert "bench.json cannot be written: No space left on device" in capsys.readouterr().err
    assert out.read_bytes() == written


def test_the_json_has_the_goals(bench, out):
    lenet = row("LeNet, sgd, B=64, 1 thread", 7.0)
    report = reports.new_report(False, 5, [])
    part = parts.PartSpec("throughput", "Training", lambda plan: iter(()))
    reports.write_report(out, reports.add_rows(report, part, (), [lenet]))
    (written,) = json.loads(out.read_text())["parts"][0]["rows"]
    assert (written["goal"], written["met"]) == ("≥ 6", True)


def test_an_old_report_is_judged_by_the_current_goals(bench, out):
    old = msgspec.structs.replace(row("LeNet, sgd, B=64, 1 thread"), goal="≥ 1", met=True)
    part = Part("throughput", "Training", (old,))
    report = msgspec.structs.replace(reports.new_report(False, 5, []), parts=(part,))
    reports.write_report(out, report)
    (judged,) = reports.read_report(out).parts[0].rows
    assert (judged.goal, judged.met) == ("≥ 6", False)


def test_machine_and_code_are_described_consistently():
    assert machine.code_digest() == machine.code_digest()
    first, second = machine.describe_machine(), machine.describe_machine()
    assert {**first, "load": ""} == {**second, "load": ""}
