"""A preview equals the next update, and changes nothing."""

import math

import pytest

from tests.conformance.probes import train
from tuitrain.commands import parse
from tuitrain.engines.capabilities import Capability
from tuitrain.errors import RefusedError

pytestmark = pytest.mark.needs(Capability.PREVIEW)


@pytest.mark.parametrize(
    "text",
    ["lr fc x3", "optimizer fc sgd lr=0.1", "optimizer conv adam ramp=9", "freeze conv", "lr * 0"],
)
def test_a_preview_equals_the_next_update(make_engine, text):
    engine, plain = make_engine(), make_engine()
    for item in (engine, plain):
        train(item, 5)
    digest = engine.digest()
    preview = engine.preview(parse(text))
    assert (engine.step, engine.digest()) == (5, digest)
    train(plain, 1)
    now = {group.name: group.update_ratio for group in plain.groups()}
    engine.apply(parse(text))
    train(engine, 1)
    after = {group.name: group.update_ratio for group in engine.groups()}
    for name, message in preview.items():
        for value, happened in zip(message, (now[name], after[name]), strict=True):
            assert value == happened or (math.isnan(value) and math.isnan(happened))


def test_a_preview_of_an_impossible_command_is_refused(make_engine):
    with pytest.raises(RefusedError):
        make_engine().preview(parse("freeze absent"))


def test_after_a_swap_with_a_ramp_the_lr_rises_to_its_value(make_engine):
    engine = make_engine()
    train(engine, 3)
    engine.apply(parse("optimizer conv adam lr=0.4 ramp=3"))
    seen = []
    for _ in range(5):
        seen.append(next(group.lr for group in engine.groups() if group.name == "conv"))
        train(engine, 1)
    assert seen == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4])
