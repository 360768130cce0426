"""CSV files: columns become features and targets; every bad cell is one error with its place."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuitrain_core.data import DataLoader, check_csv, load_csv, read_csv
from tuitrain_core.errors import CoreError, DataError

HOUSES = """area,town,rooms,price
50.5,Oslo,2,100
70,Bergen,3,150
90,Oslo,4,200
120,"Mo, Rana",5,260
65,Bergen,2,140
"""
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(folder: Path, text: str | bytes, name: str = "houses.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows_of(parts):
    """Return the inputs and targets of both parts together, in the order of their first feature."""
    inputs = np.concatenate([part.inputs for part in parts])
    targets = np.concatenate([part.targets for part in parts])
    order = np.argsort(inputs[:, 0])
    return inputs[order], targets[order]


def test_numbers_and_texts_become_features_and_the_last_column_the_target(tmp_path):
    train, test = load_csv(write(tmp_path, HOUSES))
    assert (len(train), len(test)) == (4, 1)
    names = ("area", "town=Bergen", "town=Mo, Rana", "town=Oslo", "rooms")
    assert train.feature_names == test.feature_names == names
    inputs, targets = rows_of((train, test))
    assert inputs.tolist()[0] == [50.5, 0, 0, 1, 2]
    assert inputs.tolist()[-1] == [120, 0, 1, 0, 5]
    assert targets.tolist() == [[100], [140], [150], [200], [260]]
    assert train.classes is None


def test_the_training_part_gives_mean_and_deviation_of_numbers(tmp_path):
    train, test = load_csv(write(tmp_path, HOUSES))
    numbers = train.inputs[:, [0, 4]].astype(np.float64)
    np.testing.assert_allclose([train.mean[0], train.mean[4]], numbers.mean(axis=0))
    np.testing.assert_allclose([train.std[0], train.std[4]], numbers.std(axis=0))
    assert (train.mean[1:4], train.std[1:4]) == ((0, 0, 0), (1, 1, 1))
    assert (test.mean, test.std) == (train.mean, train.std)


def test_a_target_of_texts_gives_class_numbers(tmp_path):
    train, test = load_csv(write(tmp_path, HOUSES), target="town", drop="rooms")
    assert train.class_names == ("Bergen", "Mo, Rana", "Oslo")
    assert (train.classes, test.classes) == (3, 3)
    assert rows_of((train, test))[1].tolist() == [2, 0, 0, 2, 1]


def test_numbers_are_classes_on_request(tmp_path):
    train, test = load_csv(write(tmp_path, HOUSES), target="rooms", classes=True, drop=["town"])
    assert train.class_names == ("2", "3", "4", "5")
    assert rows_of((train, test))[1].tolist() == [0, 0, 1, 2, 3]


def test_several_targets_are_divided_by_the_unit(tmp_path):
    parts = load_csv(write(tmp_path, HOUSES), target=["price", "rooms"], unit=10)
    assert rows_of(parts)[1].tolist()[0] == [10, pytest.approx(0.2)]


def test_another_file_tests(tmp_path):
    write(tmp_path, "price,rooms,area,town\n80,1,40,Voss\n", "test.csv")
    train, test = load_csv(write(tmp_path, HOUSES), test="test.csv")
    assert (len(train), len(test)) == (5, 1)
    assert train.feature_names[1:5] == ("town=Bergen", "town=Mo, Rana", "town=Oslo", "town=Voss")
    assert test.inputs.tolist() == [[40, 0, 0, 0, 1, 1]]


def test_rows_with_gaps_are_left_out_with_their_texts(tmp_path):
    text = HOUSES + "\n,Voss,3,100\n80,NA,3,100\n81,Oslo,n/a,100\n"
    train, test = load_csv(write(tmp_path, text), gaps="drop")
    assert len(train) + len(test) == 5
    assert "town=Voss" not in train.feature_names


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HOUSES,
        HOUSES.replace("\n", "\r\n"),
        "# prices\n\n" + HOUSES.replace("\n70", '\n# a comment, with "quotes\n\n , ,\n70'),
        HOUSES.replace(",", ";").replace("Mo;", "Mo,"),
        HOUSES.replace(",", "\t").replace("Mo\t", "Mo,"),
        HOUSES.replace(",", ", "),
    ],
    ids=["mark", "crlf", "comments", "semicolons", "tabs", "spaces"],
)
def test_files_of_several_programs_are_read_alike(tmp_path, text):
    expected = load_csv(write(tmp_path, HOUSES))
    for part, other in zip(load_csv(write(tmp_path, text)), expected, strict=True):
        assert part.inputs.tobytes() == other.inputs.tobytes()
        assert [name.replace(" ", "") for name in part.feature_names] == [
            name.replace(" ", "") for name in other.feature_names
        ]


def test_a_quoted_cell_may_have_several_lines(tmp_path):
    text = 'a,b,c\n1,"x\n# y",2\n2,z,3\n3,z,4\n'
    assert read_csv(write(tmp_path, text)).columns["b"].texts == ("x\n# y", "z")


def test_the_split_does_not_depend_on_the_contents(tmp_path):
    lines = "".join(f"{i},{i % 5},{i}\n" for i in range(100))
    _, test = load_csv(write(tmp_path, "a,b,c\n" + lines))
    _, again = load_csv(write(tmp_path, "a,b,c\n" + lines.replace(",", ".5,")))
    assert len(test) == 20
    assert test.targets.tolist() == again.targets.tolist()
    assert len(set(test.inputs[:, 1])) == 5


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "is empty; the first row must name the columns"),
        ("# only this\n", {}, "is empty"),
        (";\n", {}, "has no text in its cells"),
        ("a,b\n", {}, "has a header, but no rows"),
        ("a,b\n1,2\n", {}, "needs 2 samples, but there are 1"),
        ("1,2\n3,4\n", {}, "must name the columns, but has only numbers: 1, 2"),
        ("a,b,a\n1,2,3\n", {}, "the column 'a' more than once"),
        ("a,b\n1,2\n1,2,3\n", {}, "line 3 has 3 cells, but the header has 2 columns"),
        ("a,b\n1,2\n\n1\n", {}, "line 4 has 1 cells"),
        ("a,b\n1,2\n,3\n", {}, "line 3, column 'a': the cell is empty (of 1)"),
        ("a,b\n1,2\nnan,3\n", {}, "line 3, column 'a': the cell is empty"),
        ("a,b\n1,2\ninf,3\n", {}, "line 3, column 'a': 'inf' does not fit in a float32"),
        ("a,b\n1,2\n1e39,3\n", {}, "line 3, column 'a': '1e39' does not fit"),
        ("a,b\n1,2\n2,3\nx,4\n", {}, "line 4, column 'a': 'x' is not a number, but 2 of 3"),
        ("a,b\n1,2\n2,3\n", {"target": "c"}, "the column 'c' is unknown; known are a, b"),
        ("area,b\n1,2\n2,3\n", {"drop": "arae"}, "did you mean 'area'?"),
        ("a,b\n1,2\n2,3\n", {"target": "a", "drop": "a"}, "cannot be both target and dropped"),
        ("a,b\n1,2\n2,3\n", {"drop": "a"}, "no column is left as a feature beside the target b"),
        ("a,b\n1,2\n2,3\n", {"test": 1.5}, "above 0 and below 1"),
        ("a,b\n1,2\n2,3\n", {"test": True}, "above 0 and below 1"),
        ("a,b\n1,2\n2,3\n", {"gaps": "fill"}, "gaps must be error or drop"),
        ("a,b\n1,2\n2,3\n", {"unit": 0}, "unit must be a finite number above 0"),
        ("a,b\n1,2\n2,3\n", {"sep": "ab"}, "sep must be one character"),
        ("a,b\n1,2\n2,3\n", {"test": "none.csv"}, "none.csv: cannot be read: No such file"),
        ('a,b\n1,"2\n2,3\n', {}, "line 2: a cell begins with"),
        (b"a,b\n1,2\n\xff,3\n", {}, "line 3: byte 0xff is no UTF-8 text"),
        ("a,b\n1,2\n".encode("utf-16"), {}, "line 1: byte 0xff is no UTF-8 text"),
        (b"a,b\n1,\0\n", {}, "line 2 has a NUL"),
        (b"a" * (3 << 20), {}, "line 1 is longer than 1048576 characters"),
        ("a,b\n" + "".join(f"x{i},1\n" for i in range(60)), {}, "more than 50 different texts"),
        ("a,b\n" + "".join(f"{i},t{i}\n" for i in range(1002)), {}, "more than 1000 different"),
        ("a,b,c\n1,x,2\n2,y,3\n", {"target": ["b", "c"]}, "several targets must be numbers, but b"),
        (",".join(f"c{i}" for i in range(10001)), {}, "10001 columns, but 10000 are read"),
    ],
)
def test_a_bad_file_is_one_error_that_names_the_place(tmp_path, text, options, message):
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        load_csv(path, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    if "must be" not in message and "above" not in message and "none.csv" not in message:
        assert str(caught.value).startswith(f"{path}: ")


def test_columns_that_the_test_file_lacks_are_named(tmp_path):
    write(tmp_path, "area,price\n1,2\n", "test.csv")
    with pytest.raises(DataError, match=r"test.csv: there is no column 'town', which houses.csv"):
        load_csv(write(tmp_path, HOUSES), test="test.csv")


def test_a_cell_of_the_test_file_is_named_with_its_file(tmp_path):
    write(tmp_path, "area,town,rooms,price\n1,Oslo,,2\n", "test.csv")
    with pytest.raises(DataError, match=r"test.csv: line 2, column 'rooms': the cell is empty"):
        load_csv(write(tmp_path, HOUSES), test="test.csv")


def test_a_check_reads_the_header_only(tmp_path):
    path = write(tmp_path, "a,b\n1,2,3\n")
    check_csv(path, target="a")
    with pytest.raises(DataError, match="'c' is unknown"):
        check_csv(path, target="c")
    with pytest.raises(DataError, match=r"other.csv: cannot be read"):
        check_csv(path, test="other.csv")


def test_a_long_line_takes_little_memory(tmp_path):
    path = write(tmp_path, b"a,b\n" + b"1" * (32 << 20))
    tracemalloc.start()
    with pytest.raises(DataError, match="longer than"):
        load_csv(path)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


@given(st.lists(st.lists(st.sampled_from(["1", "2.5", "x", "", '"', "#", "é", "1e400"]))))
@same_folder
def test_any_cells_are_read_or_one_error(tmp_path, rows):
    text = "a,b,c\n" + "\n".join(",".join(row) for row in rows)
    try:
        train, test = load_csv(write(tmp_path, text))
        assert np.isfinite(train.inputs).all()
        assert len(test) >= 1
    except CoreError as error:
        assert "\n" not in str(error)


@given(st.binary(max_size=200))
@same_folder
def test_any_bytes_are_read_or_one_error(tmp_path, content):
    try:
        load_csv(write(tmp_path, content))
    except CoreError as error:
        assert "\n" not in str(error)


def one_column(tmp_path, numbers, **options):
    rows = "".join(f"{number!r},{place % 7}.5\n" for place, number in enumerate(numbers))
    return load_csv(write(tmp_path, f"time,y\n{rows}"), **options)


@pytest.mark.parametrize(
    ("numbers", "name"),
    [
        ([1_700_000_000 + i for i in range(40)], "time - 17000000"),
        ([20_230_000 + 3 * i for i in range(40)], "time - 202300"),
        ([-(1_700_000_000 + i / 8) for i in range(40)], "time + 170000000"),
        ([1e15 + 300 * i for i in range(40)], "time - 100000000000"),
        ([0.1 + 1e-9 * i for i in range(40)], "time - 0.100000"),
    ],
)
def test_numbers_that_float32_cannot_tell_apart_are_shifted(tmp_path, numbers, name):
    train, test = one_column(tmp_path, numbers)
    assert train.feature_names == test.feature_names
    assert train.feature_names[0].startswith(name)
    batch = DataLoader(train, len(train), shuffle=False).batch(0)[0][:, 0]
    whole = np.array(numbers, np.float64)
    seen = np.sort(np.concatenate([train.inputs[:, 0], test.inputs[:, 0]]))
    np.testing.assert_allclose(np.diff(seen), np.diff(np.sort(whole)), rtol=1e-2)
    assert (len(np.unique(batch)), batch.std()) == (len(train), pytest.approx(1, abs=1e-3))
    assert abs(batch.mean()) < 1e-3


@pytest.mark.parametrize(
    "numbers",
    [
        [1950 + i for i in range(40)],
        [0.1] * 40,
        [0.1 + 2e-17 * (i % 2) for i in range(40)],
        [1_600_000_000 + 86_400 * i for i in range(40)],
        [3.5e8 * (i % 3) for i in range(40)],
    ],
)
def test_other_numbers_are_read_as_they_are(tmp_path, numbers):
    train, _ = one_column(tmp_path, numbers)
    assert train.feature_names == ("time",)
    assert {float(x) for x in train.inputs[:, 0]} <= set(map(float, np.array(numbers, "f4")))


def test_a_target_that_float32_cannot_hold_is_an_error(tmp_path):
    with pytest.raises(DataError, match="column 'time' has numbers near 1700000010, which differ"):
        one_column(tmp_path, [1_700_000_000 + i for i in range(20)], target="time")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('a,b\n5",1\n# old row,999\n6,2\n', ['5"', "6"]),
        ('a,b\nx "y,1\n# old,2\n6,2\n', ['x "y', "6"]),
        ('a,b\n  "x\n# kept",1\n# old,2\n6,2\n', ["x\n# kept", "6"]),
        ('a,b\n"x""\n# kept",1\n# old,2\n6,2\n', ['x"\n# kept', "6"]),
        ('a,b\n"x"",",1\n# old,2\n6,2\n', ['x",', "6"]),
        ('a;b\n5,";1\n# old;2\n6;2\n', ['5,"', "6"]),
        ('a,b\n1",2\n# old,2\n6,2\n', ['1"', "6"]),
    ],
)
def test_a_quote_within_a_cell_is_text(tmp_path, text, cells):
    table = read_csv(write(tmp_path, text))
    assert [table.columns["a"].texts[code] for code in table.columns["a"].codes] == cells


def test_a_quote_without_an_end_is_named_where_it_begins(tmp_path):
    with pytest.raises(DataError, match='line 3: a cell begins with " and has no closing one'):
        read_csv(write(tmp_path, 'a,b\n1,2\n3,"4\n5,6\n7,8\n'))


def test_a_column_of_decimal_commas_is_one_error(tmp_path):
    path = write(tmp_path, "area;price\n50;1,5\n70;2\n90;-3,25\n")
    with pytest.raises(DataError) as raised:
        load_csv(path)
    assert str(raised.value) == (
        f"{path}: line 2, column 'price': '1,5' has a decimal comma; numbers have a decimal point, "
        "such as 1.5"
    )
    assert load_csv(path, classes=True)[0].class_names == ("-3,25", "1,5", "2")
    words = write(tmp_path, "area;code\n50;1,5\n70;2,x\n90;3\n75;a,b\n60;c\n")
    assert load_csv(words)[0].class_names
