"""The forecast of a learning rate equals the rate that is used."""

import pytest

from tests.conformance.probes import do, group, lr, rates, train
from tuitrain.commands import parse
from tuitrain.engines.lr_forecast import forecast_rates
from tuitrain.errors import RefusedError

COMMANDS = [
    "lr conv 0.3",
    "lr conv x0.5",
    "decay conv over 2 epochs",
    "decay conv over 5 steps",
    "schedule conv linear to 0.02 over 4 steps",
    "schedule conv cosine to 0 over 2 epochs warmup=3",
    "schedule conv one-cycle to 0.5 over 9 steps",
    "schedule conv exponential x0.5 per step",
    "schedule conv milestones x0.1 at 2,3 steps",
]
AHEAD = 12


@pytest.mark.parametrize("before", ["lr conv 0.1", "decay conv over 20 steps"])
@pytest.mark.parametrize("text", COMMANDS)
def test_the_forecast_lr_is_the_lr_that_is_used(engine, before, text):
    do(engine, before)
    train(engine, 3)
    now, steps = engine.step, range(engine.step, engine.step + AHEAD)
    drawn = forecast_rates(group(engine, "conv"), steps, parse(text), now, engine.steps_per_epoch)
    do(engine, text)
    assert forecast_rates(group(engine, "conv"), steps) == drawn
    assert rates(engine, "conv", AHEAD) == drawn


def test_a_forecast_without_a_command_follows_the_schedule(engine):
    assert forecast_rates(group(engine, "fc"), [0, 99]) == [lr(engine, "fc")] * 2


def test_a_forecast_of_a_refused_command_has_the_reason(engine):
    with pytest.raises(RefusedError) as refusal:
        forecast_rates(group(engine, "conv"), [1], parse("schedule conv exponential x2 per step"))
    assert "conv: factor must be" in str(refusal.value)
