"""Data in files: names with options, paths beside the scenario, records, programs."""

from __future__ import annotations

import runpy
import shutil

import numpy as np
import pytest
from PIL import Image

from tuitrain.cli import main
from tuitrain.errors import ScenarioError
from tuitrain.scenario.bundled_data import BUNDLED_DATA
from tuitrain.scenario.data_spec import FILE_KINDS, option_text, parse_data_spec
from tuitrain.scenario.datasets import check_data, load_data

SCENARIO = """
schema = 1
name = "houses"
model = "{model}"
data = "{data}"
steps = 3
batch_size = 4

[optimizer]
name = "sgd"
lr = 0.01
"""
KINDS = ["csv:points.csv?target=kind", "npz:points.npz", "folder:points?size=4"]


@pytest.fixture
def folder(tmp_path):
    """A folder with the same kind of data in three formats, and a working directory beside it."""
    folder = tmp_path / "project"
    rng = np.random.default_rng(0)
    points = rng.standard_normal((20, 2))
    kinds = (points[:, 0] > 0).astype(int)
    lines = [
        f"{x:.4f},{y:.4f},{'right' if kind else 'left'}"
        for (x, y), kind in zip(points, kinds, strict=True)
    ]
    folder.mkdir()
    (folder / "points.csv").write_text("\n".join(["x,y,kind", *lines]))
    np.savez(folder / "points.npz", x=points, y=kinds)
    for index, kind in enumerate(kinds):
        place = folder / "points" / str(kind)
        place.mkdir(parents=True, exist_ok=True)
        Image.new("L", (5, 5), int(200 * kind)).save(place / f"{index}.png")
    (tmp_path / "elsewhere").mkdir()
    return folder


def write(folder, data, model="mlp"):
    path = folder / "s.toml"
    path.write_text(SCENARIO.format(data=data, model=model))
    return path


@pytest.mark.parametrize("data", KINDS)
def test_files_beside_the_scenario_are_trained_on_and_replayed(folder, data, monkeypatch, capsys):
    monkeypatch.chdir(folder.parent / "elsewhere")
    path, record = write(folder, data), folder.parent / "record"
    assert main(["run", "--headless", str(path), "--out", str(record)]) == 0
    path.unlink()
    assert main(["replay", str(record)]) == 0
    assert "identical through step 3" in capsys.readouterr().out


@pytest.mark.parametrize("data", KINDS)
def test_a_saved_program_reads_the_same_files(folder, data, monkeypatch):
    monkeypatch.chdir(folder)
    write(folder, data)
    assert main(["save", "s.toml", "program.py"]) == 0
    assert str(folder) not in (folder / "program.py").read_text()
    runpy.run_path("program.py", run_name="__main__")


def test_a_saved_scenario_names_the_file_with_its_options(folder, monkeypatch):
    monkeypatch.chdir(folder)
    record = folder.parent / "record"
    assert main(["run", "--headless", str(write(folder, KINDS[0])), "--out", str(record)]) == 0
    monkeypatch.chdir(folder.parent)
    assert main(["save", str(record), "again.toml"]) == 0
    text = (folder.parent / "again.toml").read_text()
    assert f'data = "csv:{folder / "points.csv"}?target=kind"' in text


def test_a_changed_file_is_reported(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    record = folder.parent / "record"
    assert main(["run", "--headless", str(write(folder, KINDS[0])), "--out", str(record)]) == 0
    with (folder / "points.csv").open("a") as file:
        file.write("\n9,9,left\n")
    assert main(["replay", str(record)]) == 1
    assert "data" in capsys.readouterr().out


def test_the_folder_of_the_scenario_is_searched_before_the_working_directory(folder, monkeypatch):
    monkeypatch.chdir(folder.parent / "elsewhere")
    (folder.parent / "elsewhere" / "points.csv").write_text("broken")
    assert main(["run", "--headless", str(write(folder, KINDS[0]))]) == 0
    shutil.move(folder / "points.csv", folder.parent / "elsewhere" / "points.csv")
    assert main(["run", "--headless", str(write(folder, KINDS[0]))]) == 0


def test_options_are_read():
    spec = parse_data_spec("csv:a b.csv?target=x,y%2Cz&drop=a%26b&test=0.3&sep=;&classes&unit=1e3")
    assert spec.path == "a b.csv"
    assert spec.options == {
        "target": ("x", "y,z"),
        "drop": ("a&b",),
        "test": 0.3,
        "sep": ";",
        "classes": True,
        "unit": 1000.0,
    }
    assert parse_data_spec("csv:a?test=b.csv").options == {"test": "b.csv"}
    assert parse_data_spec("idx:a?b").path == "a?b"
    name = "csv:a?target=" + option_text(["50% a,b", "c&d=e?é"])
    assert parse_data_spec(name).options["target"] == ("50% a,b", "c&d=e?é")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("csv:", "needs a path after csv: (such as csv:houses.csv?target=price)"),
        ("csv:?target=a", "needs a path after csv:"),
        ("csv:a?traget=b", "csv: has no option 'traget', did you mean 'target'? (options: target,"),
        ("folder:a?size=big", "the option size takes an integer, but has 'big'"),
        ("folder:a?grey=maybe", "the option grey takes 1 or 0, but has 'maybe'"),
        ("npz:a?test=b", "the option test takes a number, but has 'b'"),
        ("csv:a?drop=b&drop=c", "the option drop is given more than once"),
        ("csv:none.csv", "none.csv: cannot be read: No such file"),
        ("npz:none.npz", "none.npz: cannot be read: No such file"),
        ("folder:none", "none: cannot be read: No such file"),
        (
            "csv:points.csv?target=knd",
            "'knd' is unknown; known are x, y, kind; did you mean 'kind'",
        ),
        ("npz:points.npz?inputs=z", "inputs: the array 'z' is unknown; known are x, y"),
        ("points.csv", "'points.csv' is a file or folder; write csv:points.csv"),
        ("csv", "'csv' is not known, did you mean 'csv:FILE'?"),
    ],
)
def test_a_bad_name_is_one_error(folder, monkeypatch, name, message):
    monkeypatch.chdir(folder)
    for action in (check_data, load_data):
        with pytest.raises(ScenarioError) as caught:
            action(name)
        assert message in str(caught.value)
        assert str(caught.value).startswith("data: ")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [*KINDS, *BUNDLED_DATA])
def test_names_of_data_that_exists_are_accepted(folder, monkeypatch, data):
    monkeypatch.chdir(folder)
    check_data(data)


def test_the_examples_can_be_parsed():
    for prefix, kind in FILE_KINDS.items():
        assert parse_data_spec(kind.example).kind.prefix == prefix
