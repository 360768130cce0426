"""Modules of the user's own: found beside the scenario, and their mistakes shown as they are."""

from __future__ import annotations

import os
import sys

import pytest

from tuitrain.cli import main
from tuitrain.errors import ScenarioError, UserCodeError
from tuitrain.scenario.build import build
from tuitrain.scenario.load import load

NET = """
import numpy as np
from tuitrain_core.data import Dataset
from tuitrain_core.module import Linear

WIDTH = {width}

def net():
    return Linear(2, WIDTH)

def data():
    inputs = np.random.default_rng(0).standard_normal((12, 2))
    part = Dataset(inputs, (inputs[:, 0] > 0).astype(int))
    return part, part

def squares(outputs, targets):
    return (outputs * outputs).mean()

def fails():
    raise KeyError("mine")

def needs(argument):
    return argument
"""

SCENARIO = """
schema = 1
name = "own"
model = "own_net:net"
data = "own_net:data"
steps = 3
batch_size = 4
{more}

[optimizer]
name = "sgd"
lr = 0.1
"""


@pytest.fixture(autouse=True)
def clean_imports():
    """Leave neither the modules nor the folders of these tests behind."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("own_"):
            del sys.modules[name]


def write(folder, width=2, more="", module="own_net.py", text=None):
    """Write a scenario and its module to a folder, and return the scenario's path."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / module).write_text(NET.format(width=width) if text is None else text)
    (folder / "own.toml").write_text(SCENARIO.format(more=more))
    return folder / "own.toml"


def built(path):
    """Return the session of a scenario's file."""
    return build(load(path), str(path))


def shapes(session):
    """Return the shapes of a session's parameters."""
    return {name: array.shape for name, array in session.engine.parameters().items()}


def test_a_module_is_found_beside_the_scenario(tmp_path, monkeypatch):
    path = write(tmp_path / "a")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert shapes(built(path)) == {"bias": (2,), "weight": (2, 2)}


def test_a_module_is_found_in_the_working_directory(tmp_path, monkeypatch):
    path = write(tmp_path / "a", module="unused.py")
    write(tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    assert shapes(built(path))["weight"] == (2, 2)


def test_the_folder_of_the_scenario_comes_before_the_working_directory(tmp_path, monkeypatch):
    path = write(tmp_path / "a", width=5)
    write(tmp_path / "work", width=2)
    monkeypatch.chdir(tmp_path / "work")
    assert shapes(built(path))["weight"] == (5, 2)


def test_two_scenarios_may_have_different_modules_of_one_name(tmp_path, monkeypatch):
    first, second = write(tmp_path / "a", width=3), write(tmp_path / "b", width=4)
    monkeypatch.chdir(tmp_path)
    widths = [shapes(built(path))["weight"][0] for path in (first, second, first)]
    assert widths == [3, 4, 3]


def test_a_record_is_replayed_from_another_folder(tmp_path, monkeypatch, capsys):
    path = write(tmp_path / "a")
    monkeypatch.chdir(tmp_path / "a")
    assert main(["run", "--headless", path.name, "--out", str(tmp_path / "record")]) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["replay", str(tmp_path / "record")]) == 0
    assert "identical through step 3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'model = "own_nett:net"',
            r"model: there is no module 'own_nett', did you mean 'own_net'\?",
        ),
        ('model = "own_net:nett"', r"own_net has no callable 'nett', did you mean 'net'\?"),
        ('model = "own_net:WIDTH"', "own_net has no callable 'WIDTH'"),
        ('model = "own_net:"', "'own_net:' needs the name of a callable after the colon"),
        ('model = "../own:net"', r"'\.\./own' is not a module name such as package\.module"),
        ('model = "own_net.part:net"', r"there is no module 'own_net\.part'"),
        ('model = "lenet"', r"lenet does not fit the data, which has inputs float32 \(2,\)"),
        ('loss = "l2"', "loss: 'l2' is not known"),
        ("loss = { label_smooth = 0.1 }", "loss.name: the loss's name is missing"),
        ('loss = { name = "l1", weights = 2 }', "the loss l1 has no setting 'weights'"),
        ('loss = { name = "cross_entropy", label_smooth = 2.0 }', "label_smooth"),
        (
            'loss = { name = "cross_entropy", class_weights = [1, -1] }',
            "class_weights needs a list",
        ),
    ],
)
def test_a_wrong_name_is_one_sentence(tmp_path, monkeypatch, line, message):
    path = write(tmp_path)
    key = line.partition(" ")[0]
    lines = [entry for entry in path.read_text().splitlines() if not entry.startswith(f"{key} =")]
    path.write_text("\n".join([line, *lines]))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match=message) as raised:
        built(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("import numpy\n1 / 0\n", "cannot import own_net: ZeroDivisionError", "1 / 0"),
        ("def net(:\n", "cannot import own_net: SyntaxError", "def net(:"),
        (
            "import no_such_thing\n",
            "ModuleNotFoundError: No module named 'no_such",
            "import no_such",
        ),
        ("raise SystemExit(3)\n", "cannot import own_net: SystemExit: 3", "raise SystemExit(3)"),
    ],
)
def test_a_mistake_of_a_module_is_shown_with_its_own_traceback(
    tmp_path, monkeypatch, text, message, line
):
    path = write(tmp_path, text=text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserCodeError, match=message) as raised:
        built(path)
    assert line in raised.value.traceback
    assert f"{os.sep}tuitrain{os.sep}" not in raised.value.traceback


def test_the_traceback_is_printed_before_the_error(tmp_path, monkeypatch, capsys):
    path = write(tmp_path)
    path.write_text(path.read_text().replace("own_net:data", "own_net:fails"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--headless", str(path)]) == 2
    *traceback, last = capsys.readouterr().err.splitlines()
    assert traceback[0] == "Traceback (most recent call last):"
    assert any('raise KeyError("mine")' in line for line in traceback)
    where = f"own_net.py, line {NET[: NET.index('raise KeyError')].count(chr(10)) + 1}"
    assert last.endswith(f"data: own_net:fails() failed: KeyError: 'mine' ({where})")


def test_a_loss_of_the_users_own_is_minimized(tmp_path, monkeypatch):
    path = write(tmp_path, more='loss = "own_net:squares"')
    monkeypatch.chdir(tmp_path)
    session = built(path)
    losses = session.engine.run(60, lambda: False)
    assert max(losses[-3:]) < 0.1 * min(losses[:3])


def test_a_model_with_its_own_loss_needs_no_other(tmp_path, monkeypatch):
    text = (
        NET.format(width=2)
        + """
class WithLoss(Linear):
    def loss(self, batch):
        inputs, targets = batch
        outputs = self(inputs)
        return (outputs * outputs).mean()

def net():
    return WithLoss(2, 2)
"""
    )
    path = write(tmp_path, text=text)
    monkeypatch.chdir(tmp_path)
    session = built(path)
    session.engine.run(3, lambda: False)
    plain = built(write(tmp_path / "plain", more='loss = "own_net:squares"'))
    plain.engine.run(3, lambda: False)
    assert session.engine.digest() == plain.engine.digest()
