"""The results of first flights, and the best of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import msgspec

from tuitrain.atomic_io import write_atomic
from tuitrain.errors import TuitrainError
from tuitrain.run.snapshot import Snapshot
from tuitrain.user_folders import state_folder

FILE_NAME: Final = "first-flight.json"


class FlightResult(msgspec.Struct, frozen=True):
    """The result of a first flight.

    Attributes
    ----------
    accuracy : on the test set at its end, from 0 to 1
    commands : the commands of the user that led there
    day : in ISO format
    """

    accuracy: Annotated[float, msgspec.Meta(ge=0, le=1)]
    commands: Annotated[int, msgspec.Meta(ge=0)]
    day: Annotated[str, msgspec.Meta(pattern=r"\A\d{4}-\d{2}-\d{2}\Z")]


def result_of(snapshot: Snapshot, day: str) -> FlightResult | None:
    """Return the result of a run that is at its last step; None without a measurement there."""
    series = snapshot.main_series
    if not len(series.steps) or series.steps[-1] != snapshot.info.total_steps:
        return None
    return FlightResult(float(series.values[-1]), len(snapshot.interventions), day)


class FlightResults:
    """The best result of earlier flights, in a file of the user's.

    Parameters
    ----------
    folder : where the file is; None for the user's folder of state
    today : returns the day
    """

    def __init__(self, folder: Path | None = None, today: Callable[[], date] = date.today) -> None:
        self._folder = folder
        self._today = today

    def note(self, snapshot: Snapshot) -> tuple[FlightResult | None, FlightResult | None]:
        """Return the result of a flight and the best one before; keep the better one.

        A file that cannot be read counts as none, and one that cannot be written is left: the
        record is worth no error in front of the user.
        """
        result, best = result_of(snapshot, self._today().isoformat()), self.best()
        if result is not None and (best is None or result.accuracy > best.accuracy):
            self._write(result)
        return result, best

    def best(self) -> FlightResult | None:
        """Return the best result of earlier flights; None if there is none."""
        with suppress(OSError, TuitrainError, msgspec.MsgspecError, UnicodeDecodeError):
            return msgspec.json.decode(self._path().read_bytes(), type=FlightResult)
        return None

    def _path(self) -> Path:
        return (self._folder or state_folder()) / FILE_NAME

    def _write(self, result: FlightResult) -> None:
        with suppress(OSError, TuitrainError):
            path = self._path()
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, msgspec.json.encode(result))
