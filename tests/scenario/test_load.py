"""Reading scenario files, and their errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.errors import ScenarioError
from tuitrain.scenario.load import load, loads
from tuitrain.scenario.threshold import Threshold

SOUND = """
schema = 1
name = "test"
epochs = 2
[optimizer]
name = "sgd"
lr = 0.05
[[group]]
name = "conv"
params = ["conv*"]
[[group]]
name = "fc"
params = ["*"]
lr = 0.01
[[at]]
epoch = 1
do = "lr fc 0"
[[expect]]
epoch = 2
unchanged = { group = "fc", since_epoch = 1 }
"""


def error_text(text: str) -> str:
    with pytest.raises(ScenarioError) as error:
        loads(text, "x.toml")
    message = str(error.value)
    assert message.startswith("x.toml: ")
    return message.removeprefix("x.toml: ")


def test_a_valid_scenario_is_read_with_its_defaults():
    scenario = loads(SOUND, "x.toml")
    assert (scenario.model, scenario.data, scenario.batch_size) == ("lenet", "mnist-mini", 64)
    assert scenario.group[1].lr == 0.01
    assert scenario.at[0].do == "lr fc 0"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "schema = 1",
            "schema = 2\nsomething_new = 3",
            "schema: this version of tuitrain reads 1, but was given 2",
        ),
        (
            "schema = 1",
            "schema = true",
            "schema: expected a whole number, but got true or false (given: True)",
        ),
        ("schema = 1\n", "", "(top level): the key 'schema' is missing"),
        ('name = "test"', "name = 3", "name: expected a string, but got a whole number (given: 3)"),
        (
            "epochs = 2\n",
            "epochs = 2\nbatchsize = 3\n",
            "batchsize: no such key, did you mean 'batch_size'? (allowed here: schema,",
        ),
        ("epochs = 2", "epochs = 0", "epochs: expected a whole number, at least 1 (given: 0)"),
        (
            "epochs = 2",
            'epochs = "2"',
            "epochs: expected a whole number or nothing, but got a string (given: '2')",
        ),
        ("epochs = 2\n", "", "epochs: give either epochs = N or steps = N"),
        ("epochs = 2\n", "epochs = 2\nsteps = 9\n", "epochs: give either epochs = N or"),
        (
            'params = ["*"]',
            'parms = ["*"]',
            "[[group]] number 2, parms: no such key, did you mean 'params'",
        ),
        (
            'params = ["*"]',
            "params = []",
            "[[group]] number 2, params: expected a list of length at least 1",
        ),
        (
            'name = "fc"',
            'name = "conv"',
            "[[group]] number 2, name: a second group is called 'conv'",
        ),
        (
            'name = "fc"',
            'name = "2 fc"',
            "[[group]] number 2, name: takes letters, digits, '_', '.' and '-'",
        ),
        (
            'name = "fc"',
            'name = "fc\\n"',
            "[[group]] number 2, name: takes letters, digits, '_', '.' and '-'",
        ),
        (
            "[optimizer]",
            '[limits]\ncommands = ["lrr"]\n[optimizer]',
            "limits: commands: 'lrr' is not known, did you mean 'lr'?",
        ),
        (
            "[optimizer]",
            "[limits]\nlr_factr = 2\n[optimizer]",
            "limits.lr_factr: no such key, did you mean 'lr_factor'? (allowed here: actors,",
        ),
        (
            'do = "lr fc 0"',
            'do = "lrr fc 0"',
            "[[at]] number 1, do: unknown command 'lrr', did you mean 'lr'",
        ),
        (
            'do = "lr fc 0"',
            "do = []",
            "[[at]] number 1, do: expected a list of length at least 1 (given: [])",
        ),
        ("epoch = 1\n", "", "[[at]] number 1: give either epoch = N or step = N"),
        (
            "epoch = 1\n",
            "epoch = -1\n",
            "[[at]] number 1, epoch: expected a whole number, at least 0",
        ),
        (
            "since_epoch = 1",
            "since = 1",
            "[[expect]] number 1, unchanged.since: no such key, did you mean",
        ),
        (", since_epoch = 1", "", "[[expect]] number 1, unchanged: give either since_epoch = N or"),
        (
            'group = "fc", ',
            "",
            '[[expect]] number 1, unchanged: give either group = "NAME" or params',
        ),
        (
            "unchanged =",
            "unchangd =",
            "[[expect]] number 1, unchangd: no such key, did you mean 'unchanged'",
        ),
        (
            'unchanged = { group = "fc", since_epoch = 1 }',
            "",
            "[[expect]] number 1: nothing is expected; give unchanged, changed",
        ),
        (
            'unchanged = { group = "fc", since_epoch = 1 }',
            'test_accuracy = "0.95"',
            "[[expect]] number 1, test_accuracy: takes a comparison such as",
        ),
        (
            'unchanged = { group = "fc", since_epoch = 1 }',
            'lr = { group = "fc", equals = 1.0 }',
            "[[expect]] number 1, lr.equals: no such key (allowed here: group or is)",
        ),
        *(
            (
                'unchanged = { group = "fc", since_epoch = 1 }',
                expectation,
                f"[[expect]] number 1, {error_text}",
            )
            for expectation, error_text in [
                ("grad_none = []", "grad_none: expected a list of length at least 1"),
                (
                    "changed = { params = [], since_epoch = 1 }",
                    "changed.params: expected a list of",
                ),
                ('lr = { group = "fc", is = nan }', "lr.is: takes a finite learning rate, but was"),
                ('digest = "md5:0"', 'digest: takes a digest such as "sha256:'),
            ]
        ),
        ('[optimizer]\nname = "sgd"', "[optimizer]", "optimizer.name: the optimizer's name is"),
    ],
)
def test_errors_name_the_key_the_allowed_values_and_the_nearest_match(before, after, expected):
    assert before in SOUND
    assert error_text(SOUND.replace(before, after)).startswith(expected)


def test_invalid_toml_is_an_error_with_its_line():
    assert "line 2" in error_text("schema = 1\nname = = 2\n")


def test_a_missing_file_is_an_error_with_the_nearest_name(tmp_path):
    (tmp_path / "lr-to-zero.toml").write_text(SOUND)
    with pytest.raises(ScenarioError) as error:
        load(tmp_path / "lr-to-zro.toml")
    assert "no such file, did you mean" in str(error.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"\xff\xfe\x00", "UTF-16 or UTF-32 text"), (b"name = '\xe9'", "not UTF-8 text")],
)
def test_a_binary_file_is_an_error(tmp_path, content, problem):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as error:
        load(path)
    assert problem in str(error.value)


def test_a_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(SOUND, encoding="utf-8-sig")
    assert load(path) == loads(SOUND, "x.toml")


@pytest.mark.parametrize(
    ("written", "error_text"),
    [("x = " + "[" * 5000, "nested too deeply"), ("x = " + "1" * 5000, "a number that")],
)
def test_toml_that_the_parser_refuses_is_an_error(written, error_text):
    with pytest.raises(ScenarioError, match=f"mine.toml: .*{error_text}"):
        loads(written, "mine.toml")


def test_a_folder_is_an_error(tmp_path):
    with pytest.raises(ScenarioError) as error:
        load(tmp_path)
    assert "cannot be read" in str(error.value)


keys = st.sampled_from(
    ["schema", "name", "epochs", "steps", "seed", "optimizer", "group", "at", "expect", "do", "x"]
)
values = st.recursive(
    st.one_of(st.integers(-3, 3), st.booleans(), st.just('"text"'), st.just("0.5")),
    lambda inner: st.lists(inner, max_size=2).map(lambda v: "[" + ", ".join(map(str, v)) + "]"),
    max_leaves=4,
)


@given(st.dictionaries(keys, values))
def test_any_table_is_a_scenario_or_an_error(table):
    text = "\n".join(f"{key} = {str(value).lower()}" for key, value in table.items())
    try:
        scenario = loads(text, "x.toml")
    except ScenarioError as error:
        assert str(error).startswith("x.toml: ")
    else:
        assert scenario.schema == 1


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        (">= 0.95", 0.95, True),
        (">=0.95", 0.94, False),
        ("< 1e-3", 0.0009, True),
        ("== 2", 2.0, True),
        ("> -1", float("nan"), False),
        ("<= 3", float("nan"), False),
    ],
)
def test_thresholds_are_parsed(text, value, holds):
    comparison = Threshold.parse(text)
    assert comparison is not None
    assert comparison.holds(value) is holds


@pytest.mark.parametrize("text", ["", "0.9", "=> 1", ">= x", ">= 1.2.3", ">= 1 2"])
def test_a_text_that_is_no_threshold_reads_as_none(text):
    assert Threshold.parse(text) is None
