"""The renderables, compared as text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tuitrain.app.renderables import formatting
from tuitrain.app.renderables.charts.sparkline import sparkline
from tuitrain.app.renderables.footer import Hint, fit_hints
from tuitrain.app.renderables.header import (
    banner_rows,
    header_rows,
    indeterminate_bar,
    progress_bar,
)
from tuitrain.app.renderables.histograms.bars import histogram_bars, rebin
from tuitrain.app.renderables.histograms.parameter import format_values, parameter_rows
from tuitrain.app.renderables.rows import ellipsize, plain_text, row_width, wrap
from tuitrain.app.renderables.tables.groups import GroupColumns, table_header, table_rows
from tuitrain.app.renderables.tables.journal import journal_rows
from tuitrain.run.snapshot import (
    OPEN_END,
    OPEN_EPOCH,
    Attachment,
    FrozenCache,
    JournalEntry,
    ParameterView,
    Phase,
    Series,
)

from .fake import JOURNAL, array_view, branched, group, running, starting


def text(rows) -> list[str]:
    return [plain_text(row).rstrip() for row in rows]


def series(*values: float, start: int = 0) -> Series:
    return Series(np.arange(start, start + len(values)), np.array(values, float))


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (999, "999"), (1204, "1 204"), (59134, "59 134"), (1234567, "1 234 567")],
)
def test_format_count(value, written):
    assert formatting.format_count(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (0.0012, "1.2e-3"),
        (-2e-3, "-2.0e-3"),
        (0.43, "0.43"),
        (17.25, "17.2"),
        (12345, "1.2e4"),
        (float("nan"), "—"),
        (float("-inf"), "-inf"),
    ],
)
def test_format_number(value, written):
    assert formatting.format_number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(87, "87"), (1500, "1.5 k"), (161_000, "161 k"), (999_960, "1.0 M"), (float("nan"), "—")],
)
def test_format_compact(value, written):
    assert formatting.format_compact(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0.05, "0.05"), (0.03125, "0.0312"), (1e-4, "1.0e-4"), (0, "0")]
)
def test_format_lr(value, written):
    assert formatting.format_lr(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(3, "0:03"), (75, "1:15"), (3723, "1:02:03"), (None, "-:--")]
)
def test_format_duration(seconds, written):
    assert formatting.format_duration(seconds) == written


def test_ellipsize_cuts_at_words():
    assert ellipsize("momentum is carried", 12) == "momentum is…"
    assert ellipsize("momentum is carried", 19) == "momentum is carried"
    assert ellipsize("unbreakable", 6) == "unbre…"


def test_wrap_breaks_at_spaces_and_cuts_long_words():
    row = (("no group ", "bad"), ("matches xyzxyzxyzxyz", "text"))
    assert text(wrap(row, 10)) == ["no group", "matches", "xyzxyzxyzx", "yz"]


def test_histogram_bars():
    assert histogram_bars([0, 1, 4, 8, 4, 1, 0, 0], 8) == [" ▁▄█▄▁  "]
    assert histogram_bars([0, 4, 8, 4], 4, height=2) == ["  █ ", " ███"]


def test_bars_show_a_lone_outlier():
    assert histogram_bars([10_000, 0, 0, 1], 4) == ["█  ▁"]


def test_bars_of_nothing_are_blank():
    assert histogram_bars([0, 0], 4) == ["    "]


def test_rebin_keeps_the_sum():
    counts = [3, 1, 4, 1, 5, 9, 2, 6]
    for width in (3, 8, 13):
        assert sum(rebin(counts, width)) == pytest.approx(sum(counts))


def test_header():
    assert text(header_rows(running(), 90)) == [
        " lenet-decay · lenet · mnist-mini · seed 0     ▶ RUNNING   step 1 204 / 4 690   epoch 2.6",
        " ━━━━━━━━━━━━━╸━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  25 %   161 k samples/s   ETA 0:03",
    ]


def test_the_header_of_a_run_without_a_length_or_a_seed_has_neither_share_nor_number():
    info = replace(running().info, seed=None, total_steps=OPEN_END, steps_per_epoch=OPEN_EPOCH)
    first, second = text(header_rows(running(info=info, eta=None), 90))
    assert "· seed -  " in first
    assert first.endswith("step 1 204")
    assert "%" not in second


def test_the_header_says_that_the_eager_tier_runs():
    header = text(header_rows(running(fallback_reason="the forward pass draws random numbers"), 90))
    assert "161 k samples/s, eager   ETA 0:03" in header[1]


@pytest.mark.parametrize(
    ("known", "width", "shown"),
    [
        (45, 120, "cached below fc1   161 k samples/s   ETA 0:03"),
        (20, 80, "cached below fc1 44 %   161 k samples/s   ETA 0:03"),
        (45, 60, "161 k samples/s   ETA 0:03"),
    ],
)
def test_the_header_says_below_which_layer_outputs_are_cached(known, width, shown):
    cache = FrozenCache("fc1", known, 45, 1000)
    header = text(header_rows(running(frozen_cache=cache), width))
    assert header[1].partition("%")[2].strip() == shown


def test_the_header_says_nothing_of_frozen_layers_that_are_not_cached():
    cache = FrozenCache(reason="a dropout comes first")
    assert header_rows(running(frozen_cache=cache), 90) == header_rows(running(), 90)


def test_the_header_has_the_overhead_if_the_bar_keeps_its_width():
    def pace(width: int, **changes) -> str:
        snapshot = running(**{"overhead": 0.0137} | changes)
        return text(header_rows(snapshot, width))[1].partition("%")[2].strip()

    assert pace(120) == "161 k samples/s   ETA 0:03   overhead 1.4 %"
    assert pace(80) == "161 k samples/s   ETA 0:03   overhead 1.4 %"
    assert pace(80, overhead=0.2349).endswith("overhead 23 %")
    assert pace(80, overhead=0.0).endswith("overhead 0.0 %")
    assert pace(60) == "161 k samples/s   ETA 0:03"
    assert pace(80, breakpoints=("break when nan",)).endswith("ETA 0:03")
    assert "overhead" not in pace(120, overhead=None)
    assert "overhead" not in pace(120, phase=Phase.PAUSED)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("phase", list(Phase))
def test_header_is_as_wide_as_the_screen(width, phase):
    snapshot = replace(running(), phase=phase, eta=None)
    assert [row_width(row) for row in header_rows(snapshot, width)] == [width, width]


def test_progress_has_half_cells():
    assert plain_text(progress_bar(0.0, 10)) == "━━━━   0 %"
    assert [part for part, _ in progress_bar(0.625, 10)] == ["━━╸", "━", "  62 %"]


def test_the_header_has_the_progress_of_a_start_if_it_is_known():
    bar = text(header_rows(replace(starting(), progress=0.25), 80))[1]
    assert bar.rstrip().endswith(" 25 %") and "━" in bar
    assert "%" not in text(header_rows(starting(), 80))[1]


def test_the_indeterminate_bar_moves_to_and_fro():
    assert [part for part, _ in indeterminate_bar(10, 0.0)] == ["", "━━", "━" * 8]
    assert [part for part, _ in indeterminate_bar(10, 1.6)] == ["━" * 8, "━━", ""]


def test_groups_table():
    groups = (
        group("conv", ("conv1",), lr=0.0312, schedule="linear→0"),
        group("fc", ("fc1",), 938, optimizer="adam", settings=""),
    )
    columns = GroupColumns.fit(76)
    rows = [table_header(columns), *(entry.row for entry in table_rows(groups, {"fc"}, columns))]
    assert all(row_width(row) == 76 for row in rows)
    assert text(rows) == [
        "  group               params optimizer      lr schedule             |Δw|/|w|",
        "▾ conv                   156 sgd        0.0312 linear→0               1.2e-3",
        "    conv1.bias             6 (1, 6, 1, 1)                             1.2e-3",
        "    conv1.weight         150 (6, 1, 5, 5)                             1.2e-3",
        "▸ ❄ fc                48 120 adam         0.05 constant   frozen ✓ since 938",
    ]


def test_groups_table_says_when_frozen_bytes_changed():
    changed = group("fc", ("fc1",), 938, frozen_intact=False)
    (row, *_) = table_rows([changed], {"fc"}, GroupColumns())
    assert plain_text(row.row).endswith("❄ ✗ since 938")


@pytest.mark.parametrize(
    ("width", "shown"),
    [(20, "script ❄ since 9"), (15, "script ❄ 9"), (8, "❄ 9")],
)
def test_groups_table_says_what_a_script_has_frozen(width, shown):
    frozen = group("fc", ("fc1",), 9, frozen_intact=None)
    frozen = replace(frozen, is_frozen_by_script=True)
    (row, *_) = table_rows([frozen], {"fc"}, GroupColumns(update=width))
    assert plain_text(row.row).endswith(f" {shown}")


def test_parameter_in_columns():
    view = ParameterView("w", (4, 5), "fc", 7, None, array_view(1, 0.1), array_view(2, 0.01))
    assert text(parameter_rows(view, 64, 8)) == [
        "value      norm 4.92 all finite  gradient   norm 0.49 all finite",
        "mean  -1.3e-3  std       0.1     mean  -4.5e-4  std    1.0e-2",
        "min    -0.355  max     0.375     min   -3.2e-2  max    3.1e-2",
        "            ▃▆▇█▅▃▃                         ▁▃▆▇▇█▇▄▃",
        "         ▃▇▇███████▄▃                     ▂▆█████████▅▅▁",
        "▁▁▁▁▁▂▂▅█████████████▆▅▄▂▁▁▁▁ ▁  ▁▁▁▁▂▃▅▇███████████████▅▄▃▂▁▁▁▁",
        "value [ 0.0346  0.0822  0.033  -0.1303  0.0905  0.0446 …]",
        "grad  [ 0.0019 -0.0052 -0.0041 -0.0244  0.018   0.0114 …]",
    ]


def test_parameter_that_is_frozen_has_no_gradient():
    view = ParameterView("w", (4, 5), "fc", 7, 3, array_view(1, 0.1), None)
    for height in (3, 8):
        assert "no gradient (frozen)" in "\n".join(text(parameter_rows(view, 64, height)))


def test_a_parameter_with_values_that_are_not_finite():
    value = array_view(1, 0.1, non_finite=3)
    view = ParameterView("w", (4, 5), "fc", 7, None, value, array_view(2, 0.01))
    for height in (3, 8):
        spans = [span for row in parameter_rows(view, 70, height) for span in row]
        assert any("3 non-finite" in part and role == "bad" for part, role in spans)


def test_values_have_the_format_of_numpy():
    values = (-0.0102, 0.0082, 0.0062, -0.0093)
    assert format_values(values, 40) == "[-0.0102  0.0082  0.0062 -0.0093]"
    assert format_values(values, 22) == "[-0.0102  0.0082 …]"


def test_journal():
    rows = text(journal_rows(JOURNAL[1:3], 76))
    assert rows == [
        "   520 ✓ freeze conv  key      4 parameters hold still",
        "   521 ∅ freeze conv  key      unchanged: conv is frozen already",
    ]


def test_the_journal_has_the_outcomes_of_expectations():
    entries = [
        JournalEntry(0, 628, "expect test_accuracy >= 0.9", "scenario", "met", "0.921"),
        JournalEntry(0, 628, "expect train_loss < 0.1", "scenario", "not met", "0.16"),
    ]
    assert text(journal_rows(entries, 76)) == [
        "   628 ✓ expect test_accuracy >= 0.9  scenario met: 0.921",
        "   628 ✗ expect train_loss < 0.1      scenario not met: 0.16",
    ]


def test_the_journal_has_authors_elsewhere_and_reasons():
    entries = [
        JournalEntry(0, 628, "freeze conv", "key", "applied", "done", "it overfits"),
        JournalEntry(0, 629, "lr fc 0.1", "agent@gpu-7.lab", "refused", "no fc", "plateau"),
    ]
    assert text(journal_rows(entries, 76)) == [
        "   628 ✓ freeze conv  key          done — it overfits",
        "   629 ✗ lr fc 0.1    agent@gpu-7… refused: no fc — plateau",
    ]
    for width in (40, 76, 116):
        assert all(len(row) <= width for row in text(journal_rows(entries, width)))


def test_footer_shortens_labels_before_it_drops_keys():
    hints = [Hint("o", "optimizer", "optim"), Hint("q", "quit", "quit")]

    def shown(width: int) -> str:
        return "".join(plain_text(row) for _, row in fit_hints(hints, width))

    assert shown(21) == " o optimizer  q quit "
    assert shown(18) == " o optim  q quit "
    assert shown(12) == " o optim "


def test_banner():
    assert text(banner_rows(starting(), 30)) == [
        "compiling the step for this",
        "machine (once, about 8 s)",
    ]
    assert banner_rows(running(), 30) == []


def test_the_header_of_a_script_has_no_empty_parts():
    info = replace(running().info, name="train", model="", data="train.py")
    first, _ = header_rows(running(info=info), 120)
    assert plain_text(first).startswith(" train · train.py · seed 0 ")


def test_the_header_names_branches_other_than_main():
    assert "⎇" not in text(header_rows(running(), 120))[0]
    for width in (80, 120):
        assert text(header_rows(branched(), width))[0].startswith(" lenet-decay ⎇ b2 · lenet")


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.PAUSED, Phase.FINISHED, Phase.STOPPED])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_header_shows_a_note_as_an_alert(phase, width):
    snapshot = running(phase=phase, note="loss is not finite since step 1 100")
    row = header_rows(snapshot, width)[1]
    assert (" ⚠ loss is not finite since step 1 100 ", "alert") in row
    assert row_width(row) == width
    assert ("samples/s" in plain_text(row)) == (width == 120 or (width == 80 and phase.ended))


def test_the_footer_drops_disabled_hints_first():
    hints = [
        Hint("s", "stop", "stop", drop_order=2),
        Hint("q", "quit", "quit"),
        Hint("f", "f", "f"),
    ]
    dim = Hint("l", "lr", "lr", enabled=False)

    def shown(width: int) -> list[str]:
        return [hint.key for hint, _ in fit_hints([*hints, dim], width)]

    assert shown(40) == ["s", "q", "f", "l"]
    assert shown(22) == ["s", "q", "f"]
    assert shown(14) == ["q", "f"]
    assert shown(9) == ["q"]


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8], "▁▂▃▄▅▆▇█"),
        ([3, 3, 3], "     ▄▄▄"),
        ([1, np.nan, 2], "     ▁ █"),
        ([np.inf, 1, 2], "      ▁█"),
        ([np.nan], "        "),
        ([], "        "),
    ],
)
def test_sparkline(values, drawn):
    assert sparkline(np.array(values, float), 8) == drawn


def test_the_groups_table_has_histories_if_there_is_room():
    shown = running()
    columns = GroupColumns.fit(106)
    rows = [
        table_header(columns),
        *(entry.row for entry in table_rows(shown.groups, {"conv"}, columns, shown.histories)),
    ]
    assert all(row_width(row) == 106 for row in rows)
    assert " |grad| " in plain_text(rows[0])
    assert all(part in plain_text(rows[1]) for part in ("█", "0.43", "1.2e-3", "sgd momentum=0.9"))


def test_a_folded_group_has_the_number_of_frozen_parameters():
    conv = running().groups[0]
    still = tuple(replace(parameter, frozen_since=900) for parameter in conv.parameters[:3])
    partly = replace(conv, parameters=(*still, *conv.parameters[3:]))
    (row, *_) = table_rows([partly], {"conv"}, GroupColumns())
    assert plain_text(row.row).startswith("▸ conv ❄3/4 ")
    (row, *_) = table_rows([conv], {"conv"}, GroupColumns())
    assert "❄" not in plain_text(row.row)


@pytest.mark.parametrize(
    ("attachment", "shown"),
    [
        (Attachment(1, "laptop", holds_pen=True), "✎ you"),
        (Attachment(2, "desk", holds_pen=False), "✎ desk of 2"),
        (Attachment(3, "", holds_pen=False), "✎ free of 3"),
        (Attachment(2, "desk", holds_pen=False, delay=3.2), "✎ desk of 2, 3 s late"),
        (Attachment(problem="the connection was lost"), "⚠ the connection was lost"),
    ],
)
@pytest.mark.parametrize("width", [80, 120])
def test_the_header_says_who_steers_and_how_late_the_screen_is(attachment, shown, width):
    first, second = map(plain_text, header_rows(running(attachment=attachment), width))
    assert shown in second
    assert len(first) == len(second) == width


def test_long_fractions_of_settings_are_shortened():
    text = "betas=0.9492151685886935,0.999 eps=1.0000000000000001e-08 nesterov=yes"
    assert formatting.shorten_numbers(text) == "betas=0.9492,0.999 eps=1e-08 nesterov=yes"
