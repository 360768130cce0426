"""Screenshots are saved in the working directory, as charts are."""

from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver

from tuitrain.app.app import TuitrainApp
from tuitrain.app.framework.base_app import BaseApp
from tuitrain.app.start_app import StartApp


class Pictured(BaseApp[str]):
    """Takes a screenshot of itself, and exits when it is saved or cannot be saved."""

    def get_driver_class(self) -> type[Driver]:
        return HeadlessDriver

    def on_ready(self) -> None:
        self.deliver_screenshot("picture.svg")

    def on_delivery_complete(self) -> None:
        self.exit("saved")

    def on_delivery_failed(self) -> None:
        self.exit("failed")


def test_a_screenshot_is_saved_in_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    assert Pictured().run() == "saved"
    assert (tmp_path / "here" / "picture.svg").read_text().startswith("<svg")


def test_screenshots_of_both_apps_are_saved_in_the_working_directory():
    assert issubclass(TuitrainApp, BaseApp)
    assert issubclass(StartApp, BaseApp)
