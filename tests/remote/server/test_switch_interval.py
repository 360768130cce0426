"""The switch interval of Python is short while viewers are served, and as before without them."""

import sys
from collections.abc import Iterator

import pytest

from tests.remote.runs import served
from tuitrain.remote.server.switch_interval import WATCHED_SECONDS, SwitchInterval

DEFAULT = 0.005


@pytest.fixture(autouse=True)
def interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(DEFAULT)
    yield
    sys.setswitchinterval(before)


def test_a_run_has_short_intervals_while_a_viewer_is_there(tmp_path):
    with served(tmp_path) as run:
        assert sys.getswitchinterval() == pytest.approx(DEFAULT)
        run.view()
        assert sys.getswitchinterval() == pytest.approx(WATCHED_SECONDS)
    assert sys.getswitchinterval() == pytest.approx(DEFAULT)


@pytest.mark.parametrize("other", [0.0001, 0.002])
def test_an_interval_that_other_code_has_set_meanwhile_stays(other):
    switching = SwitchInterval()
    switching.shorten()
    sys.setswitchinterval(other)
    switching.shorten()
    switching.restore()
    assert sys.getswitchinterval() == pytest.approx(other)


def test_a_shorter_interval_stays_as_it_is():
    sys.setswitchinterval(0.0001)
    switching = SwitchInterval()
    switching.shorten()
    assert sys.getswitchinterval() == pytest.approx(0.0001)
    switching.restore()
    assert sys.getswitchinterval() == pytest.approx(0.0001)


def test_the_interval_is_restored_once():
    switching = SwitchInterval()
    switching.shorten()
    switching.restore()
    sys.setswitchinterval(WATCHED_SECONDS)  # by other code
    switching.restore()
    assert sys.getswitchinterval() == pytest.approx(WATCHED_SECONDS)
