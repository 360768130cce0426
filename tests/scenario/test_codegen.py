"""A session saved as Python: the program trains to the same bits, and is readable."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.scenario.small import NORMS, PLAIN, TEXT
from tests.scenario.test_sessions import SESSIONS as TRIED
from tests.scenario.test_sessions import acts
from tests.scenario.test_verify import LONG, record
from tuitrain.cli import main
from tuitrain.commands import (
    VOCABULARY,
    AddRule,
    AnyCommand,
    Branch,
    Redo,
    RemoveRule,
    Rewind,
    RewindBy,
    RewindToCheckpoint,
    Stop,
    TryLr,
    Undo,
)
from tuitrain.errors import TuitrainError
from tuitrain.scenario.build import build_model_and_spec
from tuitrain.scenario.codegen import generate_program
from tuitrain.scenario.codegen.codegen_actions import WITHOUT_EFFECT
from tuitrain.scenario.load import load, loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.save import save
from tuitrain_core import random

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parent.parent.parent
RUFF = [sys.executable, "-m", "ruff"]


def printed(program: str, capsys) -> list[str]:
    """Run a program here, and return what it prints."""
    capsys.readouterr()
    with random.scope(random.make_generator(1)):  # whatever was drawn before must not matter
        exec(compile(program, "saved.py", "exec"), {})
    return capsys.readouterr().out.splitlines()


def checked_by_ruff(folder: Path) -> str:
    """Return what ruff has to say of the programs in a folder, with the rules of this house."""
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", str(folder)]
    check = subprocess.run([*RUFF, "check", *config], capture_output=True, text=True, check=False)
    style = subprocess.run(
        [*RUFF, "format", "--diff", *config], capture_output=True, text=True, check=False
    )
    return "" if check.returncode == style.returncode == 0 else check.stdout + style.stdout


SESSIONS = {
    "nothing": [],
    "freezes": [(9, "freeze head"), (9, "thaw * reset"), (2, "freeze fc1.*"), (3, "thaw fc1.bias")],
    "rates": [(9, "thaw *"), (1, "lr * 0.3"), (9, "lr head x0.5"), (0, "lr fc 0"), (5, "lr * 0.1")],
    "schedules": [
        (0, "decay head over 9 epochs"),
        (9, "schedule fc linear to 0.01 over 20 steps warmup=3"),
        (0, "thaw fc"),
        (9, "lr * x0.5"),
        (9, "schedule * one-cycle to 0.5 over 4 epochs"),
        (40, "schedule fc exponential x0.9 per epoch"),
        (40, "schedule head milestones x0.5 at 1,3 epochs"),
        (9, "schedule * cosine to 0 over 20 epochs warmup=9"),
        (9, "decay fc over 30 steps"),
        (9, "lr head 0.02"),
    ],
    "swaps": [
        (9, "thaw fc"),
        (0, "optimizer * sgd momentum=0.9 nesterov=true"),
        (9, "optimizer fc adam lr=0.01 state=carry ramp=9"),
        (9, "optimizer fc lamb betas=0.8,0.99"),
        (9, "optimizer * adamw state=carry"),
        (9, "schedule head cosine to 0 over 20 epochs"),
        (0, "optimizer head rmsprop centered=true momentum=0.5 state=carry"),
        (9, "optimizer head rmsprop momentum=0 ramp=5"),
        (9, "optimizer head adadelta state=carry"),
        (9, "optimizer * adagrad lr=0.1 weight_decay=0.01"),
        (9, "optimizer * adagrad state=reset"),
        (9, "optimizer * lion lr=0.001"),
    ],
    "groups": [
        (9, "optimizer head sgd momentum=0.9"),
        (0, "decay head over 50 epochs"),
        (9, "group top = classifier.weight"),
        (9, "optimizer fc adam lr=0.001"),
        (9, "group fc = *.bias"),
        (9, "group top = *"),
        (9, "group biases = *.bias"),
        (0, "thaw biases reset"),
    ],
    "clips": [(9, "clip norm 0.1"), (9, "clip value 0.001"), (9, "clip off"), (9, "clip norm 1")],
    "clips of lamb": [
        (0, "thaw *"),
        (0, "optimizer * lamb lr=0.01"),
        (5, "clip norm 0.05"),
        (9, "clip value 0.001"),
        (9, "freeze head"),
        (9, "group top = classifier.*"),
        (0, "clip norm 0.2"),
        (9, "optimizer * lamb weight_decay=0 state=carry"),
        (9, "clip norm 1e-6"),
    ],
    "ways back": [(20, "lr * 0.3"), (9, "undo"), (9, "lr head 1"), (20, "rewind 30"), (9, "pause")],
    "a try": [(9, "lr * 1"), (0, "try lr head x1, x2 for 9 steps"), (0, "branch b1"), (0, "undo")],
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [LONG, NORMS, PLAIN],
    ids=["plain", "with norm layers and dropout", "with norm layers without parameters"],
)
@pytest.mark.parametrize("session", SESSIONS)
def test_the_program_trains_to_the_same_bits(tmp_path, capsys, session, text):
    digest, _ = record(tmp_path / "run", SESSIONS[session], text)
    assert main(["save", str(tmp_path / "run"), str(tmp_path / "saved.py")]) == 0
    program = (tmp_path / "saved.py").read_text()
    assert printed(program, capsys)[-1] == digest
    assert checked_by_ruff(tmp_path) == ""


COLOURS = (
    NORMS.replace("small:data", "small:colours")
    .replace("epochs = 20", "epochs = 9")
    .replace('params = ["fc*"]', 'params = ["*.bias"]')
)
MODELS = {
    "mlp": LONG.replace("epochs = 60", "epochs = 20").replace("epoch = 60", "epoch = 20"),
    "norm layers and dropout": NORMS,
    "norm layers without parameters": PLAIN,
    **{
        name: COLOURS.replace("tests.scenario.small:Normed", name)
        for name in ("cnn", "resnet8", "transformer")
    },
}
clipped = st.builds(
    "clip {}".format, st.sampled_from(["norm 1e-3", "norm 0.3", "value 1e-4", "off"])
)
lamb = st.builds(
    "optimizer {} lamb lr={} state={}".format,
    st.sampled_from(["*", "fc", "head", "top"]),
    st.sampled_from([0.001, 0.03]),
    st.sampled_from(["carry", "reset"]),
)
regrouped = st.builds(
    "group {} = {}".format,
    st.sampled_from(["top", "fc"]),
    st.sampled_from(["*.weight", "classifier.*", "*norm*"]),
)
steered = st.one_of(acts, acts, lamb, clipped, regrouped)


@settings(
    max_examples=max(10, TRIED * 2 // 5), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.sampled_from(list(MODELS)), st.lists(st.tuples(st.integers(0, 40), steered), max_size=9))
def test_any_sessions_program_trains_to_the_same_bits(tmp_path_factory, capsys, model, script):
    folder = tmp_path_factory.mktemp("python")
    event(model)
    event(f"lamb: {'lamb' in repr(script)}, clipped: {'clip' in repr(script)}")
    digest, _ = record(folder / "run", [(0, "thaw *"), *script], MODELS[model])
    save(folder / "run", folder / "saved.py")
    save(folder / "run", folder / "saved.toml")
    assert printed((folder / "saved.py").read_text(), capsys)[-1] == digest
    assert list(replay(load(folder / "saved.toml"), "saved.toml"))[-1].digest == digest
    assert checked_by_ruff(folder) == ""


FLIGHT = Path(__file__).parent / "saved" / "flight.toml"


def test_the_program_equals_the_saved_example(tmp_path):
    assert main(["save", str(FLIGHT), str(tmp_path / "flight.py")]) == 0
    assert (tmp_path / "flight.py").read_text() == FLIGHT.with_suffix(".py").read_text()


def test_the_program_prints_losses_and_the_digest_and_needs_only_the_core():
    ended = list(replay(load(FLIGHT), str(FLIGHT)))[-1]
    watch = "import sys, runpy; runpy.run_path(sys.argv[1]); assert 'tuitrain' not in sys.modules"
    command = [sys.executable, "-c", watch, str(FLIGHT.with_suffix(".py"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loss, digest = done.stdout.splitlines()
    assert loss.startswith(f"epoch 0: loss {ended.train_loss:.4f}")
    assert loss.endswith(f"test accuracy {ended.test_accuracy:.4f}")
    assert digest == ended.digest


def test_a_run_that_ends_within_an_epoch_prints_steps(tmp_path, capsys):
    text = LONG.replace("epochs = 60", "steps = 110").replace("epoch = 60", "epoch = 15")
    digest, _ = record(tmp_path / "run", [], text)
    save(tmp_path / "run", tmp_path / "saved.py")
    steps, end, result = printed((tmp_path / "saved.py").read_text(), capsys)
    assert steps.startswith("step 100: loss ")
    assert end.startswith("step 110: loss ")
    assert result == digest
    assert checked_by_ruff(tmp_path) == ""


def test_groups_frozen_from_the_start_are_frozen_in_the_program():
    text = NORMS.replace('params = ["fc*"]', 'params = ["fc*", "norm.*"]\nfrozen = true')
    program = generate_program(loads(text, "x.toml"), "x.toml")
    assert '\ngm.detach(opt["fc"].parameters())\nnet.norm.frozen = True\n' in program


def test_norm_layers_without_parameters_are_frozen_with_their_layer_in_the_program():
    text = PLAIN.replace('params = ["fc*"]', 'params = ["fc*"]\nfrozen = true')
    program = generate_program(loads(text, "x.toml"), "x.toml")
    assert '\ngm.detach(opt["fc"].parameters())\nnet.norm.frozen = True\n' in program


@pytest.mark.parametrize(
    "command",
    [
        *("undo", "rewind 3", "rewind by 3", "stop", "branch b1", "try lr fc 1 for 2 steps"),
        *("when nan do stop", "when off"),
    ],
)
def test_commands_that_depend_on_the_run_are_refused_with_their_step(command):
    text = TEXT.replace('do = ["freeze fc", "lr head 0.2"]', f'do = ["{command}"]')
    with pytest.raises(TuitrainError, match=rf"^x.toml: step 7: {command!r} cannot be") as error:
        generate_program(loads(text, "x.toml"), "x.toml")
    assert "record a run of it" in str(error.value)


def test_every_command_has_statements_or_a_refusal():
    kinds = {form.type: spec.kind for spec in VOCABULARY for form in spec.forms}
    assert kinds.keys() == {*get_args(AnyCommand)}
    others = {command for command, kind in kinds.items() if kind not in ("group", *WITHOUT_EFFECT)}
    assert others == {
        *(Stop, Rewind, RewindBy, RewindToCheckpoint, Undo, Redo, Branch, TryLr),
        *(AddRule, RemoveRule),
    }


def test_a_command_that_cannot_be_applied_is_an_error_with_its_step():
    text = TEXT.replace('"freeze fc", ', '"freeze absent", ')
    with pytest.raises(TuitrainError, match=r"^x.toml: step 7: 'freeze absent': 'absent' names no"):
        generate_program(loads(text, "x.toml"), "x.toml")


def test_commands_without_effect_on_training_are_left_out():
    acts = (
        '"pause", "step 3", "resume", "break when nan", "preview lr fc 1", "break off", "clip off"'
    )
    text = TEXT.replace('"freeze fc", "lr head 0.2"', acts)
    assert "if now ==" not in generate_program(loads(text, "x.toml"), "x.toml")


@pytest.mark.parametrize("name", ["saved.txt", "saved"])
def test_the_suffix_decides_the_format_and_others_are_refused(tmp_path, capsys, name):
    assert main(["save", str(FLIGHT), str(tmp_path / name)]) == 2
    assert "name a .toml file for a scenario, or a .py file" in capsys.readouterr().err


def test_a_scenario_is_not_saved_as_a_scenario(tmp_path, capsys):
    assert main(["save", str(FLIGHT), str(tmp_path / "again.toml")]) == 2
    assert "is a scenario already" in capsys.readouterr().err


def test_names_and_long_commands_cannot_break_the_program(tmp_path):
    globs = " ".join(["classifier.*", "fc1.weight", "fc1.*", "*.weight", "*.bias"] * 5)
    text = TEXT.replace('name = "small"', r'''name = "a\\b \"\"\" \n c"''')
    text = text.replace('"freeze fc", "lr head 0.2"', f'"group a-group.with_a-long.name = {globs}"')
    (tmp_path / "saved.py").write_text(generate_program(loads(text, "x.toml"), "x.toml"))
    compile((tmp_path / "saved.py").read_text(), "saved.py", "exec")
    assert checked_by_ruff(tmp_path) == ""


@pytest.mark.parametrize("model", ["lenet", "mlp", "cnn", "resnet8", "resnet20", "transformer"])
def test_every_built_in_model_is_the_same_in_a_program(model):
    text = f'schema = 1\nname = "x"\nmodel = "{model}"\nsteps = 1\noptimizer = {{ name = "adam" }}'
    scenario = loads(text, "x.toml")
    names: dict = {}
    exec(generate_program(scenario, "x.toml").partition("\n# One optimizer")[0], names)
    expected, _ = build_model_and_spec(scenario, "x.toml")
    own, other = names["net"].state_dict(), expected.state_dict()
    assert own.keys() == other.keys()
    assert all(np.array_equal(own[name], other[name]) for name in other)
