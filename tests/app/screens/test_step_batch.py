"""The samples screen of a script's loop: the batch of a step."""

from __future__ import annotations

import pytest

from tests.app.fake import FakeSource
from tests.app.fake_step_batches import STEP_BATCHES
from tuitrain.app.renderables.rows import plain_text, row_width
from tuitrain.app.renderables.samples.step_batch import entry_rows, step_batch_title
from tuitrain.app.screens.inspection.batch import BatchScreen
from tuitrain.app.widgets.heatmaps.batch import Samples, SetResults
from tuitrain.engines.batch_view import InspectBatch

REQUEST = InspectBatch()
SIZES = ((120, 36), (80, 24))


def source(kind: str) -> FakeSource:
    return FakeSource(make_batch=STEP_BATCHES[kind])


@pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])
@pytest.mark.parametrize("kind", ["images", "texts"])
@pytest.mark.slow
async def test_picture(kind, size, opened, picture):
    async with opened(source(kind), size) as person:
        await person.press("i")
        assert person.svg() == picture


def shown(person, panel) -> list[str]:
    return [row.rstrip() for row in person.app.screen.query_one(panel).rendered_rows]


async def test_images_have_their_classes_beside_the_tensors(opened):
    async with opened(source("images")) as person:
        await person.press("i")
        assert any("✓ airplane" in row for row in shown(person, Samples))
        assert shown(person, SetResults)[0].startswith("[0]  float32 (64, 3, 32, 32)")
        hints = person.app.screen.own_hints()
        assert [hint.key for hint in hints] == ["↓", "+-"]


async def test_without_images_the_tensors_take_the_whole_width(opened):
    async with opened(source("texts")) as person:
        await person.press("i")
        rows = shown(person, Samples)
        assert rows[0].split() == ["value", "type", "shape", "min", "mean", "max", "first"]
        assert not person.app.screen.query_one(SetResults).display
        await person.press("down")
        assert len(shown(person, Samples)) < len(rows)


async def test_other_samples_of_a_script_are_not_known(opened):
    async with opened(source("images")) as person:
        await person.press("i")
        await person.look()
        await person.press("right")
        assert isinstance(person.app.screen, BatchScreen)
        assert person.app.screen.request() == REQUEST
        assert "the test set of a script is not known" in person.status


async def test_on_a_narrow_terminal_tab_shows_the_tensors(opened):
    async with opened(source("images"), (80, 24)) as person:
        await person.press("i", "tab")
        assert not person.app.screen.query_one(Samples).display
        assert shown(person, SetResults)[1].strip().startswith("min -2.12  mean 3.1e-2")


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("plain-images", "given to the network in step 12: 64 samples"),
        ("texts", "batch of step 12: 8 samples"),
        ("nothing", "given to the network in step 12"),
    ],
)
def test_the_title_names_the_step(kind, title):
    assert step_batch_title(STEP_BATCHES[kind](REQUEST, 12)) == title


def test_the_title_counts_right_predictions():
    title = step_batch_title(STEP_BATCHES["images"](REQUEST, 12))
    assert title.startswith("batch of step 12: 64 samples, ")
    assert title.endswith(" of the 48 shown right")


@pytest.mark.parametrize("kind", STEP_BATCHES)
@pytest.mark.parametrize("width", [20, 40, 64, 100, 160])
def test_entries_fit_any_width(kind, width):
    view = STEP_BATCHES[kind](REQUEST, 12)
    rows = entry_rows(view, width, 50, 0)
    assert all(text.isprintable() for row in rows for text, _ in row)
    assert all(row_width(row) <= max(width, 62) for row in rows)


def test_an_entry_has_its_range_and_its_first_values():
    lines = [plain_text(row) for row in entry_rows(STEP_BATCHES["texts"](REQUEST, 1), 120, 50, 0)]
    assert lines[1].split()[:9] == [
        "input_ids", "int64", "(8,", "128)", "0", "5.3e3", "30521", "101", "2023",
    ]  # fmt: skip
    assert "≈-4.1" in lines[3]
    assert "12 not finite  0.1 nan" in lines[3]
    assert lines[-1] == "… and 3 more"
