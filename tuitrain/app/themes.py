"""Two themes beside Textual's: one for every kind of color vision, one without colors.

Nothing is shown by color alone: groups have names, outcomes signs, frozen rows a flake.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

OKABE_ITO: Final = Theme(
    name="tuitrain-colour-blind-safe",
    primary="#0072B2",
    secondary="#CC79A7",
    accent="#56B4E9",
    success="#009E73",
    warning="#E69F00",
    error="#D55E00",
    foreground="#E8E8E8",
    background="#101014",
    surface="#1A1A20",
    panel="#24242C",
    dark=True,
)
"""The palette of M. Okabe and K. Ito (2008), whose colors differ in every kind of color vision.
"""

GREY_HEAT: Final = {
    "heat-negative": "#000000",
    "heat-zero": "#6A6A6A",
    "heat-positive": "#FFFFFF",
}
"""Heat maps from dark over gray to light, for themes without colors."""

MONOCHROME: Final = Theme(
    name="tuitrain-monochrome",
    primary="#707070",
    secondary="#A0A0A0",
    accent="#F4F4F4",
    success="#D0D0D0",
    warning="#E4E4E4",
    error="#FFFFFF",
    foreground="#E0E0E0",
    background="#0C0C0C",
    surface="#181818",
    panel="#222222",
    dark=True,
    variables=GREY_HEAT | {"primary-lighten-2": "#BEBEBE"},  # the first group, on the cursor too
)

OWN_THEMES: Final = (OKABE_ITO, MONOCHROME)

HEAT: Final = {
    "heat-negative": "#3D9BE9",
    "heat-zero": "#17171B",
    "heat-positive": "#F2A43A",
    "heat-none": "#121216",
    "heat-all": "#F4F4F4",
}
"""Ends and middle of the heat maps' scale in other themes: blue and orange differ in every kind of
color vision.
"""


def heat_colors(no_color: bool) -> dict[str, str]:
    """Return the colors of heat maps for themes that define none."""
    return HEAT | GREY_HEAT if no_color else dict(HEAT)
