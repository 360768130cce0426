"""Plans are made once for a key, and a key keeps its objects alive."""

import gc
import weakref

import numpy as np

from tuitrain_core import Parameter
from tuitrain_core.compiler.plan_cache import MAX_PLANS, PlanCache


def test_a_plan_is_made_once_for_a_key():
    plans: PlanCache[list] = PlanCache()
    first = plans.get(("a", 1), lambda: [1])
    assert plans.get(("a", 1), lambda: [2]) is first
    assert plans.get(("b", 1), lambda: [2]) == [2]


def test_a_full_cache_is_emptied():
    plans: PlanCache[list] = PlanCache()
    first = plans.get(0, list)
    for key in range(1, MAX_PLANS):
        plans.get(key, list)
    assert plans.get(0, list) is first
    plans.get(MAX_PLANS, list)
    assert plans.get(0, list) is not first


def test_a_parameter_in_a_key_lives_as_long_as_the_plan():
    """So that no other parameter can have its place in memory, and with it its plan."""
    plans: PlanCache[list] = PlanCache()
    parameter = Parameter(np.zeros(3, np.float32))
    alive = weakref.ref(parameter)
    plans.get((8, (parameter,)), list)
    del parameter
    gc.collect()
    assert alive() is not None
