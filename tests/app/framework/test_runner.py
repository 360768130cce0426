"""An app ends by its own key or by SIGTERM; both restore the terminal."""

import os
import signal

import pytest
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

from tuitrain.app.framework.runner import run_app
from tuitrain.errors import TerminatedError


class Left(App[int]):
    """Exits as soon as it runs."""

    message = False

    def on_ready(self) -> None:
        self.exit(3)

    def on_unmount(self) -> None:
        self.told = True


class Ended(Left):
    """Is ended by a signal as soon as it runs."""

    def on_ready(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


def test_run_app_returns_the_result_of_the_app():
    assert run_app(Left(driver_class=HeadlessDriver)) == 3


def test_sigterm_closes_the_screen_and_is_reported():
    before, app = signal.getsignal(signal.SIGTERM), Ended(driver_class=HeadlessDriver)
    with pytest.raises(TerminatedError) as ending:
        run_app(app)
    assert ending.value.status == 143
    assert app.told
    assert signal.getsignal(signal.SIGTERM) is before
