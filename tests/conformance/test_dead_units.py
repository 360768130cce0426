"""Dead units: those for which the ReLU after their layer gives 0 in the whole batch."""

import numpy as np
import pytest

from tests.conformance.probes import buffers, do, plant, train, whole
from tuitrain.engines.capabilities import Capability
from tuitrain.engines.views import LayerUnits

pytestmark = pytest.mark.needs(Capability.DEAD_UNITS)


def counts(engine) -> dict[str, tuple[int, int]]:
    return {item.parameter: (item.dead, item.units) for item in engine.count_dead_units()}


def first(count: int, of: int) -> np.ndarray:
    """Return biases with which the first ``count`` units never fire, and the others always do.

    Normalized channels range over a few units, and values computed from them over a few dozens.
    """
    size = {3: 10, 8: 1000}[of]
    return np.where(np.arange(of) < count, -size, size).astype(np.float32)


def test_layers_before_a_relu_are_listed_with_their_groups(engine):
    result = engine.count_dead_units()
    assert [(item.parameter, item.group, item.units) for item in result] == [
        ("conv.weight", "conv", 3),
        ("fc.weight", "fc", 8),
    ]


def test_units_that_never_fire_are_counted(engine):
    plant(engine, norm__bias=first(1, 3), fc__bias=first(5, 8))
    assert counts(engine) == {"conv.weight": (1, 3), "fc.weight": (5, 8)}
    plant(engine, norm__bias=first(0, 3), fc__bias=first(0, 8))
    assert counts(engine) == {"conv.weight": (0, 3), "fc.weight": (0, 8)}
    plant(engine, norm__bias=first(3, 3), fc__bias=first(8, 8))
    assert counts(engine) == {"conv.weight": (3, 3), "fc.weight": (8, 8)}


def test_a_dead_unit_gets_no_gradient(engine):
    plant(engine, fc__bias=first(5, 8))
    engine.run(1, lambda: False, lambda pending: True)
    gradient = engine.gradient("fc.weight")
    assert gradient is not None
    assert not gradient[:5].any()
    assert gradient[5:].any(axis=1).all()


def test_frozen_units_are_counted_too(engine):
    plant(engine, norm__bias=first(2, 3), fc__bias=first(5, 8))
    before = counts(engine)
    do(engine, "freeze *")
    assert counts(engine) == before == {"conv.weight": (2, 3), "fc.weight": (5, 8)}


def test_units_with_nan_are_not_dead(engine):
    plant(engine, fc__bias=np.float32(np.nan))
    assert counts(engine)["fc.weight"] == (0, 8)


def test_counting_changes_nothing(make_engine):
    engine, alike = make_engine(), make_engine()
    for item in (engine, alike):
        train(item, 2)
    before = whole(engine), buffers(engine)
    engine.count_dead_units()
    assert (whole(engine), buffers(engine)) == before
    assert train(engine, 3) == train(alike, 3)
    assert whole(engine) == whole(alike)


def test_a_holdable_step_counts_dead_units_in_its_own_batch(make_engine):
    engine, alike = make_engine(), make_engine()
    seen: list[tuple[LayerUnits, ...]] = []

    def look(pending) -> bool:
        seen.append(tuple(pending.count_dead_units()))
        return False

    expected = []
    for item in (engine, alike):
        plant(item, fc__bias=np.linspace(-4, 0, 8))
    for _ in range(6):
        expected.append(tuple(alike.count_dead_units()))
        assert list(engine.run(1, lambda: False, look)) == train(alike, 1)
    assert seen == expected
    assert len({item[1].dead for item in seen}) > 1
    assert whole(engine) == whole(alike)
