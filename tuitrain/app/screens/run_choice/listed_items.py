"""The rows of the start screen's lists: making a list, and describing the row under the cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from tuitrain.remote.control.replies import ListedRun
from tuitrain.scenario.bundled import BundledScenario
from tuitrain.scenario.bundled_data import BUNDLED_DATA
from tuitrain.scenario.runs.run_list import RecordedRun

from ...renderables.rows import Row
from ...widgets.tables.pick_list import PickList

MUTED: Final = "$foreground 60%"
"""The style of a description."""

_Item = TypeVar("_Item")


def make_list(
    title: str,
    name: str,
    draw: Callable[[_Item, int], Row],
    fits: Callable[[_Item, str], bool],
    titles: Callable[[int], Row] | None = None,
    absent: str = "",
    key: Callable[[_Item], object] = lambda item: item,
) -> PickList[_Item]:
    """Make a list with a title in its frame; the rest is as for `PickList`."""
    pick_list = PickList(draw, fits, titles, absent, id=name, key=key)
    pick_list.border_title = title
    return pick_list


def describe_item(item: object) -> tuple[str, str]:
    """Return the effect of enter and a description of a row, with the style of the text."""
    match item:
        case ListedRun():
            where = f" on {item.host}" if item.host else ""
            return f"enter attaches to it{where} · {item.id} · {item.folder}", MUTED
        case RecordedRun(problem=problem) if problem:
            return f"{item.folder}: {problem}", "$error"
        case RecordedRun(ending=ending):
            does = "opens its recording" if ending == "finished" else "resumes or opens it"
            return f"enter {does} · {item.data} · {item.folder}", MUTED
        case BundledScenario():
            return item.description, MUTED
        case str() if item in BUNDLED_DATA:
            text = f"{BUNDLED_DATA[item].description} · enter chooses a network for it"
            return text, MUTED
        case str():
            return "enter chooses a network for it", MUTED
        case _:
            return "", MUTED


def has_named_data(run: RecordedRun) -> bool:
    """Whether a scenario can name what a run was trained on: not the script of a loop."""
    return bool(run.data) and not run.data.endswith(".py")
