"""The inspectors: requests to the run while they are open, and their keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.app.fake import FakeSource, group, running, starting
from tests.app.fake_inspection import network_view
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.screens.dialogs.lr import LrDialog
from tuitrain.app.screens.inspection.batch import BatchScreen
from tuitrain.app.screens.inspection.network import NetworkScreen
from tuitrain.app.screens.inspection.weights import WeightsScreen
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.heatmaps.batch import Samples, SetResults
from tuitrain.app.widgets.heatmaps.weights import WeightsFacts, WeightsHistogram, WeightsPicture
from tuitrain.app.widgets.rows_view import RowsView
from tuitrain.app.widgets.status_line import StatusLine
from tuitrain.app.widgets.tables.network import NetworkDetail, NetworkTree
from tuitrain.engines.batch_view import SampleInputs
from tuitrain.engines.inspection import (
    FailedInspection,
    InspectBatch,
    InspectNetwork,
    InspectWeights,
)
from tuitrain.engines.views import FrozenCache
from tuitrain.run.snapshot import Phase


def text(person, panel: type[RowsView]) -> str:
    """Return the text of a panel of the open screen."""
    return person.app.screen.query_one(panel).rendered_text()


def output(person) -> str:
    return plain_text(person.app.screen.query_one(StatusLine).message)


@pytest.mark.parametrize(
    ("key", "screen", "selection"),
    [
        ("W", WeightsScreen, InspectWeights("conv2.weight")),
        ("N", NetworkScreen, InspectNetwork()),
        ("i", BatchScreen, InspectBatch("probe")),
    ],
)
async def test_an_inspection_is_requested_only_while_it_is_open(opened, key, screen, selection):
    async with opened() as person:
        await person.press(key)
        assert isinstance(person.app.screen, screen)
        assert person.source.seeing == [selection]
        await person.press("escape")
        assert person.app.screen is person.deck
        assert person.source.seeing == [selection, None]
        assert person.source.shown.inspection is None


@pytest.mark.parametrize("key", ["W", "N", "i"])
async def test_a_starting_run_cannot_be_inspected(opened, key):
    async with opened(FakeSource(starting())) as person:
        await person.press(key)
        assert person.app.screen is person.deck
        assert person.status == "nothing to look at yet: the run is starting"


async def test_the_weights_screen_begins_at_the_selected_parameter(opened):
    async with opened() as person:
        await person.press("down", "W")
        assert text(person, WeightsFacts).startswith("conv1.bias (1, 6, 1, 1)")
        await person.press("down")
        assert text(person, WeightsFacts).startswith("conv1.weight (6, 1, 5, 5)")
        await person.press("up", "up")
        assert text(person, WeightsFacts).startswith("fc2.weight (84, 120)")
        assert person.source.seeing[-1] == InspectWeights("fc2.weight")


async def test_the_weights_screen_shows_norms_dead_units_and_first_values(opened):
    async with opened() as person:
        await person.press("W")
        facts = text(person, WeightsFacts)
        assert "|Δw|/|w| 1.2e-3  update: Δw of 37 steps" in facts
        assert "dead units 2 of 16 (12.5 %): 3, 7" in facts
        assert "value [ 0.0276  0.0657" in facts
        assert "norm 3.9" in facts


async def test_the_weights_screen_switches_between_value_gradient_and_update(opened):
    async with opened() as person:
        await person.press("W", "h")
        assert "[gradient]" in text(person, WeightsFacts)
        assert person.app.screen.query_one(WeightsHistogram).border_title == "gradient now"
        await person.press("right")
        assert "[update]" in text(person, WeightsFacts)
        await person.press("left", "left")
        assert "[value]" in text(person, WeightsFacts)


async def test_frozen_weights_say_why_they_have_no_gradient(opened):
    groups = (group("conv", ("conv",), 938), running().groups[1])
    async with opened(FakeSource(running(groups=groups))) as person:
        await person.press("W", "h")
        assert "❄ frozen since 938" in text(person, WeightsFacts)
        assert "no gradient (frozen)" in text(person, WeightsPicture)


async def test_filters_have_pages(opened):
    async with opened(size=(80, 24)) as person:
        await person.press("W")
        picture = person.app.screen.query_one(WeightsPicture)
        assert picture.border_subtitle.startswith("out 0-2 of 16")
        await person.press("pagedown")
        assert picture.border_subtitle.startswith("out 4-6 of 16")
        await person.press(*["pagedown"] * 9)
        assert picture.border_subtitle.startswith("out 13-15 of 16")


async def test_the_freeze_key_on_the_weights_screen_names_the_parameter(opened):
    async with opened() as person:
        await person.press("down", "W", "down", "f")
        assert person.sent == ["freeze conv1.weight"]
        person.source.answer("applied", "1 parameter holds still")
        await person.look()
        assert output(person).startswith("✓ freeze conv1.weight  applied at step 1 204")


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        ((), "freeze *"),
        (("down",), "freeze conv1.*"),
        (("down", "enter", "down"), "freeze conv1.bias"),
    ],
)
async def test_the_freeze_key_on_the_network_screen_names_the_selection(opened, keys, sent):
    async with opened(size=(120, 24)) as person:
        await person.press("N")
        await person.press(*keys, "f")
        assert person.sent == [sent]


async def test_a_module_that_is_a_group_has_the_groups_name(opened):
    groups = (group("head", ("classifier",), 938), group("rest", ("conv", "fc")))
    async with opened(FakeSource(running(groups=groups))) as person:
        await person.press("N")
        await person.press("end", "up", "up", "f")
        assert person.sent == ["thaw head"]


async def test_a_glob_that_is_also_a_groups_name_is_not_used(opened):
    groups = (group("conv1.x", ("conv2",)), group("rest", ("conv1", "fc", "classifier")))
    async with opened(FakeSource(running(groups=groups))) as person:
        await person.press("N")
        await person.press("down", "f")
        assert person.sent == ["freeze conv1.bias", "freeze conv1.weight"]


async def test_a_row_without_parameters_cannot_be_steered(opened):
    async with opened(size=(120, 24)) as person:
        await person.press("N")
        await person.press("down", "down", "f", "l")
        assert person.sent == []
        assert output(person) == "this has no parameters: nothing to steer"


async def test_dialogs_over_the_network_act_on_every_selected_group(opened):
    async with opened() as person:
        await person.press("N")
        await person.press("l")
        assert isinstance(person.app.screen, LrDialog)
        await person.replace("0.5")
        await person.press("enter")
        assert isinstance(person.app.screen, NetworkScreen)
        assert sorted(person.sent) == ["lr conv 0.5", "lr fc 0.5"]


async def test_the_deck_keeps_its_own_selection(opened):
    async with opened() as person:
        await person.press("N")
        await person.press("end", "f", "escape", "f")
        assert person.sent[-1] == "freeze conv"


async def test_the_network_screen_describes_the_selected_row(opened):
    async with opened(size=(120, 24)) as person:
        await person.press("N")
        await person.press(*["down"] * 3)
        detail = text(person, NetworkDetail)
        assert detail.startswith("conv2 (16, 10, 10)  Conv2d(…)")
        assert "2 416 parameters  conv: sgd momentum=0.9, lr 0.0312 linear→0" in detail
        assert "dead units 2 of 16: 3, 7  the gradient passes upward" in detail


async def test_inspectors_lead_to_each_other(opened):
    async with opened(size=(120, 24)) as person:
        await person.press("N")
        await person.press(*["down"] * 3, "W")
        assert isinstance(person.app.screen, WeightsScreen)
        assert text(person, WeightsFacts).startswith("conv2.weight")
        await person.press("i", "escape")
        assert person.app.screen is person.deck
        assert person.source.seeing[-1] is None


async def test_space_pauses_from_an_inspector(opened):
    async with opened() as person:
        await person.press("i", "space")
        assert person.sent == ["pause"]


async def test_the_samples_screen_has_three_kinds(opened):
    async with opened() as person:
        await person.press("i")
        samples = person.app.screen.query_one(Samples)
        assert samples.border_title == "the first 40 of the test set: 34 right"
        assert "✓ 8 97%" in text(person, Samples)
        await person.press("right")
        assert person.source.seeing[-1] == InspectBatch("next")
        assert samples.border_title == "40 of the next step's batch: 34 right"
        await person.press("right")
        assert samples.border_title == "the 6 surest mistakes on the test set"
        assert "→" in text(person, Samples)
        assert "✓" not in text(person, Samples)


async def test_the_confusion_matrix_names_the_worst_confusions(opened):
    async with opened() as person:
        await person.press("i")
        shown = text(person, SetResults)
        assert "✗ 4 taken for 9      12×" in shown
        assert shown.index("4 taken for 9") < shown.index("7 taken for 2")
        assert "is\\as" in shown


async def test_a_narrow_terminal_shows_pictures_or_the_matrix(opened):
    async with opened(size=(80, 24)) as person:
        await person.press("i")
        matrix = person.app.screen.query_one(SetResults)
        assert not matrix.display
        await person.press("tab")
        assert matrix.display
        assert "worst confusions" in text(person, SetResults)


async def test_rows_of_numbers_are_drawn_as_strips(opened):
    async with opened() as person:
        await person.press("i")
        seen = person.source.shown.inspection
        table = np.arange(40 * 6, dtype=np.uint8).reshape(40, 6)
        inputs = SampleInputs("row", table, (1, 1, 6))
        person.source.show(inspection=replace(seen, inputs=inputs))
        await person.look()
        assert "   6   7" in text(person, Samples)


async def test_a_failed_inspection_shows_the_reason(opened):
    async with opened() as person:
        await person.press("N")
        person.source.show(inspection=FailedInspection(InspectNetwork(), 7, "ValueError: odd"))
        await person.look()
        tree = person.app.screen.query_one("#network-tree")
        assert "this cannot be shown: ValueError: odd" in tree.rendered_text()


async def test_an_outdated_inspection_is_not_drawn(opened):
    async with opened() as person:
        await person.press("W")
        person.source.show(inspection=FailedInspection(InspectWeights("other"), 7, "late"))
        await person.look()
        assert "conv2.weight" in text(person, WeightsFacts)


async def test_the_last_column_of_the_network_is_whole_beside_a_scrollbar(opened):
    async with opened(size=(120, 17)) as person:
        await person.press("N", "home", "down")
        tree = person.app.screen.query_one(NetworkTree)
        tree.action_fold()
        await person.look()
        tree.action_fold()
        await person.look()
        assert tree.show_vertical_scrollbar
        assert {len(row) for row in tree.rendered_rows} == {tree.room.width}
        assert tree.rendered_rows[0].endswith(" dead")


async def test_an_unchanged_inspection_is_not_drawn_again(opened, monkeypatch):
    async with opened() as person:
        await person.press("W")
        drawn = []
        monkeypatch.setattr(WeightsPicture, "redraw", lambda self: drawn.append(1))
        person.source.show(step=1300)
        await person.look()
        assert drawn == []


async def test_letters_need_no_color(opened):
    async with opened() as person:
        await person.press("W", "c")
        shown = text(person, WeightsPicture)
        assert {"▲", "▼", "·"} <= set(shown)
        assert "▀" not in shown
        await person.press("c")
        assert "▀" in text(person, WeightsPicture)


async def test_read_only_inspects_without_steering(opened):
    async with opened(read_only=True) as person:
        await person.press("W")
        await person.press("f", "space")
        assert isinstance(person.app.screen, WeightsScreen)
        assert output(person) == "read-only: this screen shows the run and does not steer it"
        assert person.sent == []


async def test_the_footer_says_that_f_thaws_a_frozen_selection(opened):
    still = (group("conv", ("conv",), 938), running().groups[1])
    async with opened(FakeSource(running(groups=still))) as person:
        await person.press("W")
        footer = person.app.screen.query_one(KeyFooter)
        assert " f thaw " in footer.render_line(0).text
        await person.press("f")
        assert person.sent == ["thaw conv2.weight"]


async def test_configured_keys_work_in_views(opened, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('toured = true\n[keys]\nfreeze = "z"\nnetwork = "V"\n')
    async with opened(config=path) as person:
        await person.press("W", "f")
        assert person.sent == []
        assert " z freeze " in person.app.screen.query_one(KeyFooter).render_line(0).text
        await person.press("z")
        assert person.sent == ["freeze conv2.weight"]
        await person.press("V")
        assert isinstance(person.app.screen, NetworkScreen)


@pytest.mark.parametrize(
    ("cache", "note"),
    [
        (
            FrozenCache("fc1", 20000, 60000, 32_000_000),
            "cached below fc1: 20 000 of 60 000 samples, 32 MB",
        ),
        (
            FrozenCache(reason="a dropout comes first"),
            "frozen layers are not cached: a dropout comes first",
        ),
    ],
)
async def test_the_network_screen_says_what_is_cached(cache, note, opened):
    async with opened(FakeSource(running(frozen_cache=cache)), size=(80, 24)) as person:
        await person.press("N")
        assert str(person.app.screen.query_one(NetworkTree).border_subtitle) == note


@pytest.mark.parametrize(
    ("eager", "output"),
    [("", ""), ("the number of operations depends on the batch: 9 or 8",) * 2],
)
async def test_the_network_screen_says_why_steps_are_eager(eager, output, opened):
    async with opened(FakeSource(running(fallback_reason=eager)), size=(80, 24)) as person:
        await person.press("N")
        tree = person.app.screen.query_one(NetworkTree)
        assert str(tree.border_subtitle) == f"eager: {output}" * bool(output)


class RecordOfAScript(FakeSource):
    """A recording without groups, whose network is in the record."""

    def seen(self, query):
        return network_view(running().groups, 300)


async def test_the_record_of_a_script_shows_its_network_without_groups(opened):
    note = "the record of a script has no groups"
    recorded = running(phase=Phase.RECORDED, groups=(), note=note)
    async with opened(RecordOfAScript(recorded)) as person:
        await person.press("W")
        assert person.status == note
        await person.press("N")
        assert isinstance(person.app.screen, NetworkScreen)
        await person.press("down")
        rows = person.app.screen.query_one(NetworkDetail).rendered_rows
        assert rows[1].strip() == "156 parameters"
        await person.press("f")
        assert person.sent == []
