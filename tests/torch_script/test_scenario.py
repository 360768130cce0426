"""Scenarios whose engine is PyTorch: run, recorded, verified, and what they refuse."""

from contextlib import ExitStack

import pytest
import torch

from tuitrain.errors import ScenarioError
from tuitrain.records.record_writer import RecordWriter
from tuitrain.scenario.events import Ended
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.verify import make_header, verify_record

torch.set_num_threads(1)

TEXT = """
schema = 1
name = "in torch"
engine = "torch"
model = "tests.torch_script.scenario_parts:make_net"
data = "mnist-mini"
steps = 30
[optimizer]
name = "adamw"
lr = 0.003
[[group]]
name = "conv"
params = ["0.*"]
[[group]]
name = "fc"
params = ["*"]
[[at]]
step = 10
do = "freeze conv"
[[at]]
step = 20
do = "thaw conv"
[[expect]]
step = 20
unchanged = { group = "conv", since_step = 10 }
[[expect]]
step = 30
test_accuracy = ">= 0.3"
"""


def events_of(text: str, recorder=None) -> list:
    scenario = loads(text, "a test")
    return [*replay(scenario, "a test", **({} if recorder is None else {"recorder": recorder}))]


def test_a_scenario_trains_and_meets_its_expectations():
    last = events_of(TEXT)[-1]
    assert isinstance(last, Ended)
    assert last.ok


def test_a_recorded_run_repeats_bit_for_bit(tmp_path):
    scenario = loads(TEXT, "a test")
    with ExitStack() as files:
        recorder = RecordWriter(tmp_path / "run", make_header(scenario, "a test"), files)
        events_of(TEXT, recorder)
    assert verify_record(tmp_path / "run", lambda *_: None, lambda _: None).verdict.ok


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"adamw"', '"lamb"', "PyTorch has: sgd, adam, adamw"),
        ("make_net", "make_number", "must return a torch.nn.Module, but gave int"),
        ('"torch"', '"troch"', "did you mean 'torch'"),
        ("lr = 0.003", "lr = 0.003\nmomentum = 0.9", "adamw has no setting 'momentum'"),
    ],
)
def test_bad_scenarios_are_refused(before, after, message):
    with pytest.raises(ScenarioError) as error:
        events_of(TEXT.replace(before, after, 1))
    assert message in str(error.value)
