"""The keys of the main screen that inspect the run or change how it is shown."""

from __future__ import annotations

from typing import Final

from .key import Key

VIEW_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "W",
        "W",
        "weights",
        "Look at weights: values, gradient, updates.",
        label="weights",
        short_label="wts",
        drop_order=11,
    ),
    Key(
        "N",
        "N",
        "network",
        "Look at the network: where the gradient flows.",
        label="network",
        short_label="net",
        drop_order=12,
    ),
    Key(
        "i",
        "i",
        "batch",
        "Look at samples, guesses and confusions.",
        label="images",
        short_label="img",
        drop_order=13,
    ),
    Key(
        "left_square_bracket",
        "[",
        "quantity(-1)",
        "Chart what comes before: lr, |grad| …",
        config_name="previous_chart",
    ),
    Key(
        "right_square_bracket",
        "]",
        "quantity(1)",
        "Chart what comes next: lr, |grad| …",
        config_name="next_chart",
    ),
    Key(
        "y",
        "y",
        "log_loss",
        "Show charts on a logarithmic axis, or a linear one.",
        config_name="logarithmic",
    ),
    Key("a", "a", "smooth", "Draw running means of loss and gradients, or no longer."),
    Key(
        "plus,equals_sign",
        "+",
        "zoom(0.5)",
        "Zoom in: charts show half of the steps.",
        config_name="zoom_in",
    ),
    Key("minus", "-", "zoom(2)", "Zoom out: charts show twice the steps.", config_name="zoom_out"),
    Key(
        "shift+left",
        "shift+←",
        "pan(-0.25)",
        "Show earlier steps in the charts.",
        config_name="pan_earlier",
    ),
    Key(
        "shift+right",
        "shift+→",
        "pan(0.25)",
        "Show later steps in the charts.",
        config_name="pan_later",
    ),
    Key("0", "0", "whole_run", "Show the whole run in the charts."),
    Key("x", "x", "cross_hair", "Put the cursor to the newest step, or take it away."),
    Key(
        "E",
        "E",
        "export",
        "Write the chart that has the focus, else the first, as CSV, SVG and PNG.",
    ),
    Key("R", "R", "runs", "Past runs: draw some beside this one, compare their numbers."),
    Key("p", "p", "hold", "Hold the display, or release it; training continues."),
)
