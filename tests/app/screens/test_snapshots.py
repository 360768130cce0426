"""Whole screens as pictures, at three sizes where the layout folds, otherwise at one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.app.fake import FakeSource, answered, branched, group, running, starting, tried, watchful
from tuitrain.app.themes import OWN_THEMES
from tuitrain.engines.views import RankView
from tuitrain.run.snapshot import LogLine, LogSnapshot, Phase, ScheduledCommand

LARGE = (200, 60)
SIZE = (120, 36)
SMALL = (80, 24)
SIZES = (LARGE, SIZE, SMALL)
FAILURE = (
    "the loss is nan at step 1 205: fc1.weight has 3 gradients that are not finite; the update "
    "was not applied. Lower the learning rate of fc (now 0.001), or freeze it."
)


def frozen() -> FakeSource:
    return FakeSource(running(groups=(group("conv", ("conv",), 938), running().groups[1])))


def paused() -> FakeSource:
    return FakeSource(running(phase=Phase.PAUSED, samples_per_second=0.0))


def failed() -> FakeSource:
    return FakeSource(running(phase=Phase.FAILED, samples_per_second=0.0, eta=None, note=FAILURE))


def finished() -> FakeSource:
    return FakeSource(running(4690, phase=Phase.FINISHED, samples_per_second=0.0, eta=None))


def rewound() -> FakeSource:
    return FakeSource(branched())


def diverged() -> FakeSource:
    return FakeSource(running(note="loss is not finite since step 1 100"))


def just_started() -> FakeSource:
    return FakeSource(starting())


def watching() -> FakeSource:
    return FakeSource(watchful())


def with_checkpoints() -> FakeSource:
    return FakeSource(running(checkpoints=("start", "good")))


def having_tried() -> FakeSource:
    return FakeSource(tried())


def answering() -> FakeSource:
    adam = "optimizer fc adam betas=0.9,0.999 eps=1e-08 weight_decay=0"
    groups = (running().groups[0], group("fc", ("fc", "classifier"), lr=0.001, update_ratio=8e-4))
    return FakeSource(answered(adam, groups=groups))


def waiting() -> FakeSource:
    lr = ScheduledCommand(7, 1300, "lr fc 0.01", "ctl", "plateau")
    return FakeSource(
        running(scheduled=(lr, ScheduledCommand(8, 2000, "freeze conv", "key@laptop")))
    )


def talking() -> FakeSource:
    lines = (
        LogLine(0, "out", "module imported"),
        LogLine(157, "warning", "UserWarning: the learning rate is high (mine.py:12)"),
        LogLine(800, "error", "mine: cannot reach the server"),
    )
    return FakeSource(running(log=LogSnapshot(lines, 6000, "/runs/a/output.log")))


def distributed() -> FakeSource:
    times = (0.0121, 0.0119, 0.0122, 0.012)
    own = (0.0041, 0.0042, 0.0071, 0.004)
    ranks = tuple(
        RankView(rank, f"node{rank // 2}", times[rank], own[rank], rank != 3) for rank in range(4)
    )
    return FakeSource(running(ranks=ranks))


CASES: dict[str, tuple[Callable[[], FakeSource], tuple[str, ...]]] = {
    "running": (FakeSource, ()),
    "parameter selected": (FakeSource, ("enter", "enter", "down", "down")),
    "paused": (paused, ()),
    "frozen": (frozen, ()),
    "failed": (failed, ()),
    "finished": (finished, ()),
    "starting": (just_started, ()),
    "lr dialog": (FakeSource, ("l",)),
    "optimizer dialog": (FakeSource, ("o", "down")),
    "decay dialog": (FakeSource, ("d",)),
    "stop": (FakeSource, ("s",)),
    "help": (FakeSource, ("question_mark",)),
    "journal": (FakeSource, ("tab",)),
    "commands that wait": (waiting, ("tab", "down")),
    "branches": (rewound, ()),
    "rewind dialog": (rewound, ("backspace",)),
    "branches dialog": (rewound, ("b",)),
    "not finite": (diverged, ()),
    "schedule dialog": (FakeSource, ("D",)),
    "clip dialog": (watching, ("c",)),
    "optimizer dialog with its answer": (answering, (*["down"] * 5, "o", "down")),
    "try dialog": (FakeSource, ("t",)),
    "what if": (having_tried, ("v",)),
    "breakpoints": (watching, ("B",)),
    "watchful": (watching, ()),
    "checkpoint dialog": (with_checkpoints, ("K", "up")),
    "charts read at a step": (FakeSource, ("]", "]", "+", "a", "x", *["<"] * 20)),
    "rewind dialog with checkpoints": (with_checkpoints, ("backspace", "tab")),
    "cursor in the past": (FakeSource, ("left", "left")),
    "settings": (FakeSource, ("comma",)),
    "log": (talking, ("L",)),
    "ranks": (distributed, ("M",)),
    "tour": (FakeSource, ("T", "down")),
}


INSPECTIONS: dict[str, tuple[Callable[[], FakeSource], tuple[str, ...]]] = {
    "weights": (FakeSource, ("down", "down", "W")),
    "weights of a matrix, gradient": (FakeSource, ("W", *["up"] * 3, "right")),
    "weights in letters": (FakeSource, ("W", "c")),
    "weights that are frozen": (frozen, ("W", "right")),
    "network": (FakeSource, ("N", "down", "enter", "down", "down")),
    "network with a cut": (frozen, ("N", "down")),
    "batch": (FakeSource, ("i",)),
    "batch, mistakes and confusions": (FakeSource, ("i", "left", "tab")),
}


VAST: dict[str, tuple[Callable[[], FakeSource], tuple[str, ...]]] = {
    "branches": (rewound, ("y", "a")),
    "zoomed": (FakeSource, ("]", "+", "shift+left", "x", "<", "<")),
}


FOLDING = {
    "branches",
    "charts read at a step",
    "clip dialog",
    "commands that wait",
    "decay dialog",
    "failed",
    "help",
    "journal",
    "optimizer dialog with its answer",
    "parameter selected",
    "running",
    "settings",
    "starting",
    "tour",
    "watchful",
    "what if",
    "weights",
    "network",
    "batch",
    "batch, mistakes and confusions",
}
"""Cases whose layout depends on the size: panels, previews and columns that are left out."""

QUICK = {"branches", "help", "running", "settings", "what if"}
"""Those of them that ``make test`` draws on a small terminal too."""


SLOW = {
    "branches dialog",
    "checkpoint dialog",
    "clip dialog",
    "decay dialog",
    "optimizer dialog with its answer",
    "rewind dialog with checkpoints",
    "schedule dialog",
    "try dialog",
}
"""Dialogs like those that ``make test`` draws: only ``make check`` draws them."""


def is_quick(case: str, size: tuple[int, int]) -> bool:
    return case not in SLOW and (size == SIZE or (size == SMALL and case in QUICK))


def sized(cases: Iterable[str]):
    """Return the cases with their sizes as parameters."""
    return [
        pytest.param(
            case,
            size,
            id=f"{case}-{size[0]}x{size[1]}",
            marks=[] if is_quick(case, size) else [pytest.mark.slow],
        )
        for case in cases
        for size in (SIZES if case in FOLDING else (SIZE,))
    ]


@pytest.mark.parametrize(("case", "size"), sized(CASES))
async def test_picture(case, size, opened, picture):
    make, keys = CASES[case]
    async with opened(make(), size) as person:
        await person.press(*keys)
        assert person.svg() == picture


@pytest.mark.parametrize(("case", "size"), sized(INSPECTIONS))
@pytest.mark.slow
async def test_picture_of_an_inspection(case, size, opened, picture):
    make, keys = INSPECTIONS[case]
    async with opened(make(), size) as person:
        for key in keys:
            await person.press(key)
        assert person.svg() == picture


@pytest.mark.parametrize("case", ("weights", "network with a cut", "batch"))
@pytest.mark.parametrize("theme", [theme.name for theme in OWN_THEMES])
@pytest.mark.slow
async def test_picture_of_an_inspection_in_our_themes(case, theme, opened, picture):
    make, keys = INSPECTIONS[case]
    async with opened(make()) as person:
        person.app.theme = theme
        for key in keys:
            await person.press(key)
        assert person.svg() == picture


@pytest.mark.parametrize("case", VAST)
async def test_picture_on_a_vast_terminal(case, opened, picture):
    make, keys = VAST[case]
    async with opened(make(), (200, 60)) as person:
        await person.press(*keys)
        assert person.svg() == picture


async def test_picture_on_a_tiny_terminal(opened, picture):
    async with opened(size=(40, 10)) as person:
        await person.press("f")
        assert person.svg() == picture


async def test_picture_of_an_answered_command(opened, picture):
    async with opened() as person:
        await person.press("f")
        person.source.answer("applied", "4 parameters hold still")
        await person.look()
        assert person.svg() == picture


async def test_picture_of_a_command_half_typed(opened, picture):
    async with opened() as person:
        await person.command("lr f")
        assert person.svg() == picture


async def test_picture_of_a_command_that_cannot_be_read(opened, picture):
    async with opened() as person:
        await person.command("lr fc fast")
        await person.press("enter")
        assert person.svg() == picture


async def test_picture_of_the_group_dialog(opened, picture):
    async with opened() as person:
        await person.press("g")
        await person.type("head")
        await person.press("tab")
        await person.type("fc2* *.bias")
        assert person.svg() == picture


async def test_picture_of_the_save_dialog(opened, picture):
    async with opened(record=Path("run")) as person:
        await person.press("w")
        await person.replace("/mine.toml")
        assert person.svg() == picture
