"""``tuitrain data``: what is there, and what a file or folder holds."""

from __future__ import annotations

import json
import sys
import tomllib

import numpy as np
import pytest
from PIL import Image

from tuitrain.cli import main
from tuitrain.scenario.bundled_data import BUNDLED_DATA
from tuitrain.scenario.datasets import check_data, load_data
from tuitrain.scenario.descriptions.data_description import describe
from tuitrain.scenario.descriptions.data_report import format_picture

TABLE = """id,area,town,note,sold
a1,50.5,Oslo,1,yes
a2,70,Bergen,2,no
a3,,Oslo,x,yes
a4,80,Oslo,3,no
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "houses.csv").write_text(TABLE)
    np.savez("waves.npz", x=np.zeros((6, 4), "f4"), y=np.arange(6) % 2, names=np.array(["a", "b"]))
    np.savez("odd.npz", a=np.zeros((6, 4), "u1"), b=np.arange(6))
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for index in range(3):
            Image.new("RGB", (6, 5), (255, 0, index)).save(f"pets/{name}/{index}.png")
    return tmp_path


def output_of(capsys, *words: str) -> str:
    assert main(["data", *words]) == 0
    return capsys.readouterr().out


def test_the_list_has_every_bundled_set_and_every_kind_of_file(capsys):
    text = output_of(capsys)
    for name in (*BUNDLED_DATA, "csv:", "npz:", "folder:", "idx:", "package.module:callable"):
        assert name in text
    listed = json.loads(output_of(capsys, "--json"))
    assert [entry["name"] for entry in listed] == list(BUNDLED_DATA)


def test_a_table_is_described_with_the_line_for_a_scenario(capsys):
    text = output_of(capsys, "houses.csv")
    assert "a table of 4 rows and 5 columns" in text
    assert "area" in text
    assert "numbers, 50.5 .. 80, 1 empty" in text
    assert "mixed: 3 of 4 cells are numbers" in text
    assert "classes: yes 2, no 2" in text
    assert 'data = "csv:houses.csv?target=sold&drop=note&gaps=drop"' in text


@pytest.mark.parametrize("path", ["houses.csv", "waves.npz", "odd.npz", "pets"])
def test_the_line_for_a_scenario_loads(path, capsys):
    lines = output_of(capsys, path).splitlines()
    line = next(line for line in lines if line.startswith("  data = "))
    name = tomllib.loads(line.strip())["data"]
    check_data(name)
    load_data(name)
    assert json.loads(output_of(capsys, path, "--json"))["data"] == name


def test_few_whole_numbers_are_taken_for_classes(folder, capsys):
    (folder / "few.csv").write_text("a,b\n" + "1.5,0\n2.5,1\n" * 4)
    assert 'csv:few.csv?target=b&classes=1"' in output_of(capsys, "few.csv")
    (folder / "few.csv").write_text("a,b\n1.5,10\n2.5,20\n3,30\n")
    assert 'csv:few.csv?target=b"' in output_of(capsys, "few.csv")


def test_arrays_and_images_are_described(capsys):
    text = output_of(capsys, "waves.npz")
    assert "float32 6 x 4, 0 .. 0" in text
    assert "<U1 2, not read" in text
    text = output_of(capsys, "pets")
    assert "6 images, the first 6 x 5" in text
    assert "classes: cat 3, dog 3" in text


def test_data_is_described_by_its_name(capsys):
    assert "2000 of uint8 1 x 28 x 28" in output_of(capsys, "mnist-mini")
    assert "4 x" not in output_of(capsys, "npz:waves.npz")
    assert "of float32 4" in output_of(capsys, "npz:waves.npz")


def test_a_picture_is_drawn_in_half_blocks():
    _, picture = describe("pets")
    assert picture is not None
    text = format_picture(picture)
    assert text.plain == ("▀" * 6 + "\n") * 3
    assert text.spans[0].style == "#ff0000 on #ff0000"
    assert text.spans[-1].style == "#ff0000 on #000000"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnist-mni", "data: 'mnist-mni' is not known, did you mean 'mnist-mini'?"),
        ("none.csv", "none.csv: no such file"),
        ("csv:none.csv", "data: none.csv: cannot be read: No such file"),
        ("empty.csv", "empty.csv: is empty; the first row must name the columns"),
        ("bad.npz", "bad.npz: not a whole NPZ file"),
        ("bad.idx", "bad.idx: unknown element type"),
        ("empty", "empty: has no folders"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_status_2(folder, capsys, name, message):
    (folder / "empty.csv").write_text("")
    (folder / "bad.npz").write_bytes(b"PK\3\4")
    (folder / "bad.idx").write_bytes(b"\0\0\1\1")
    (folder / "empty").mkdir()
    assert main(["data", name]) == 2
    output = capsys.readouterr()
    assert output.err.startswith(f"tuitrain: {message}")
    assert output.err.count("\n") == 1
    assert output.out == ""


def test_a_callable_is_found_in_the_working_directory(folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.path", [*sys.path])
    (folder / "my_points.py").write_text(
        "import numpy as np\n"
        "from tuitrain_core.data import Dataset\n\n\n"
        "def points():\n"
        "    part = Dataset(np.zeros((6, 2)), np.arange(6) % 3)\n"
        "    return part, part\n"
    )
    text = output_of(capsys, "my_points:points")
    assert "train inputs" in text
    assert "3 classes" in text
    sys.modules.pop("my_points")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("points.py", "points.py: is a Python file, not data; a function in it that returns data"),
        ("x.toml", "x.toml: is a TOML file, not data; `tuitrain run` runs a scenario"),
    ],
)
def test_a_program_or_a_scenario_is_no_table(folder, capsys, name, message):
    (folder / name).write_text('a = "b,c"\nd = 1\n')
    assert main(["data", name]) == 2
    assert message in capsys.readouterr().err


def test_decimal_commas_are_pointed_out(folder, capsys):
    (folder / "commas.csv").write_text("area;price\n50;1,5\n70;2,25\n")
    text = output_of(capsys, "commas.csv")
    assert "2 different texts, numbers with a decimal comma: write a point" in text
    assert "no scenario can train on this alone, as it is" in text


def test_images_that_cannot_be_read_are_counted(folder, capsys):
    (folder / "pets" / "cat" / "0.png").write_bytes(b"no image")
    (folder / "pets" / "dog" / "1.png").write_bytes(b"")
    text = output_of(capsys, "pets")
    assert "unreadable  2 of 6 images cannot be read, such as pets/cat/0.png: " in text
    assert "no scenario can train on this alone, as it is" in text
    assert describe("pets")[1] is not None
    for image in (folder / "pets").glob("*/*.png"):
        image.write_bytes(b"")
    assert main(["data", "pets"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_images_of_several_sizes_have_a_line_with_a_size(folder, capsys):
    Image.new("RGB", (60, 50)).save("pets/cat/0.png")
    text = output_of(capsys, "pets")
    assert "sizes  2, from 6 x 5 to 60 x 50 pixels; size= makes them one" in text
    line = tomllib.loads(text.splitlines()[-1].strip())["data"]
    assert line == "folder:pets?size=28"
    assert load_data(line)[0].inputs.shape[1:] == (3, 28, 28)


def test_the_files_of_data_in_a_folder_are_listed_one_short_line_each(folder, capsys):
    (folder / "broken.npz").write_bytes(b"PK no archive")
    (folder / "binary.csv").write_bytes(b"a,b\0\n")
    (folder / "train.py").write_text("import numpy\n")
    (folder / "train.toml").write_text("schema = 1\n")
    for image in (folder / "pets").glob("*/*.png"):
        image.unlink()
    lines = output_of(capsys, ".").splitlines()
    assert lines[0] == ".: a folder of files"
    assert "  binary.csv   cannot be read: line 1 has a NUL; this is no CSV file" in lines
    assert any(line.startswith("  broken.npz   cannot be read: not a whole NPZ") for line in lines)
    assert "  houses.csv   a table of 5 columns: id, area, town, note, sold" in lines
    assert "  waves.npz    an archive of 3 arrays: x, y, names" in lines
    assert "  other files  2, not data" in lines
    assert lines[-1] == "`tuitrain data FILE` describes one of them"
    assert len(lines) == 8
