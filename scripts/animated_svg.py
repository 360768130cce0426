"""Screens as one animated SVG: every distinct piece of text once, with the times it is visible.

Browsers play it; it has no script and fetches nothing. Readers who prefer reduced motion see the
last picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TypeAlias

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App

Span: TypeAlias = tuple[str, str, str, bool]
"""A text, its color, its background, and whether it is bold."""

Picture: TypeAlias = tuple[tuple[Span, ...], ...]
"""The rows of a screen."""

Place: TypeAlias = tuple[int, int, Span]
"""A span with its row and column."""

Time: TypeAlias = tuple[float, float]
"""The start and end of a visible period, in seconds."""

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.4, 18.0, 14
FOREGROUND, BACKGROUND = "#e0e0e0", "#121212"

_STYLE = """\
text{font:%dpx/1 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.b{font-weight:700}
@media(prefers-reduced-motion:reduce){g.r{animation:none!important}}
"""


def capture_picture(app: App[None]) -> Picture:
    """Return the screen of an app."""
    rows = app.screen._compositor.render_strips()
    return tuple(tuple(_spans(strip)) for strip in rows)


def animate(pictures: Sequence[tuple[Picture, float]]) -> str:
    """Return an SVG that shows each picture for its seconds, in a loop."""
    starts = [0.0]
    for _, seconds in pictures:
        starts.append(starts[-1] + seconds)
    visible: dict[Place, list[Time]] = {}
    for (picture, _), start, end in zip(pictures, starts, starts[1:], strict=False):
        for place in _places(picture):
            times = visible.setdefault(place, [])
            if times and times[-1][1] == start:
                times[-1] = (times[-1][0], end)
            else:
                times.append((start, end))
    by_times: dict[tuple[Time, ...], list[Place]] = {}
    for place, times in visible.items():
        by_times.setdefault(tuple(times), []).append(place)
    first = pictures[0][0]
    width = sum(cell_len(text) for text, *_ in first[0])
    return "".join(_document(by_times, starts[-1], width, len(first)))


def _places(picture: Picture) -> Iterable[Place]:
    """Return the spans of a picture with their places: backgrounds, and texts."""
    for y, row in enumerate(picture):
        x = 0
        for text, color, background, bold in row:
            if background != BACKGROUND:
                yield y, x, (" " * cell_len(text), "", background, False)
            if stripped := text.strip():
                before = cell_len(text) - cell_len(text.lstrip())
                yield y, x + before, (stripped, color, "", bold)
            x += cell_len(text)


def _document(
    by_times: dict[tuple[Time, ...], list[Place]], seconds: float, width: int, height: int
) -> Iterable[str]:
    size = f"{width * CELL_WIDTH:.0f} {height * CELL_HEIGHT:.0f}"
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}">\n'
    classes = _Classes()
    body = [_group(places, times, seconds, classes) for times, places in by_times.items()]
    yield f"<style>{_STYLE % FONT_SIZE}{classes.css()}</style>\n"
    yield f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>\n'
    # Backgrounds come first, so that none covers a text of another period.
    yield from (backgrounds for backgrounds, _ in body)
    yield from (texts for _, texts in body)
    yield "</svg>\n"


class _Classes:
    """Short class names for CSS rules: colors, and animations."""

    def __init__(self) -> None:
        self._rules: dict[str, str] = {}

    def name_for(self, rule: str) -> str:
        """Return the class name of a rule."""
        return self._rules.setdefault(rule, f"c{len(self._rules)}")

    def css(self) -> str:
        """Return all rules."""
        return "\n".join(
            rule.replace("NAME", name) if "NAME" in rule else f".{name}{{{rule}}}"
            for rule, name in self._rules.items()
        )


def _group(
    places: list[Place], times: tuple[Time, ...], seconds: float, classes: _Classes
) -> tuple[str, str]:
    """Return the SVG of the backgrounds and of the texts that share their times."""
    backgrounds = "".join(_background(place, classes) for place in places if place[2][2])
    texts = "".join(_text(place, classes) for place in places if not place[2][2])
    if times == ((0.0, seconds),):
        return backgrounds, texts
    rule = classes.name_for(_animation(times, seconds))
    group = f'<g class="r {rule}">%s</g>\n'
    return (group % backgrounds if backgrounds else ""), (group % texts if texts else "")


def _animation(times: tuple[Time, ...], seconds: float) -> str:
    """Return the CSS animation for some times; with reduced motion, the state at the end."""
    frames: dict[float, bool] = {0.0: False}
    for start, end in times:
        frames[start] = True
        if end < seconds:
            frames[end] = False
    steps = "".join(
        f"{100 * at / seconds:.4g}%{{visibility:{'visible' if is_visible else 'hidden'}}}"
        for at, is_visible in sorted(frames.items())
    )
    final = "visible" if times[-1][1] == seconds else "hidden"
    return (
        f".NAME{{visibility:{final};animation:NAME {seconds:.4g}s step-end infinite}}"
        f"@keyframes NAME{{{steps}}}"
    )


def _background(place: Place, classes: _Classes) -> str:
    y, x, (text, _, color, _) = place
    return (
        f'<rect x="{x * CELL_WIDTH:.4g}" y="{y * CELL_HEIGHT:.4g}" '
        f'width="{len(text) * CELL_WIDTH + 0.3:.4g}" height="{CELL_HEIGHT:.4g}" '
        f'class="{classes.name_for(f"fill:{color}")}"/>'
    )


def _text(place: Place, classes: _Classes) -> str:
    y, x, (text, color, _, bold) = place
    names = classes.name_for(f"fill:{color}") + (" b" if bold else "")
    return (
        f'<text x="{x * CELL_WIDTH:.4g}" y="{y * CELL_HEIGHT + 13.5:.4g}" '
        f'textLength="{cell_len(text) * CELL_WIDTH:.4g}" class="{names}">{escape(text)}</text>'
    )


def _spans(segments: Iterable[Segment]) -> Iterable[Span]:
    """Join neighbouring segments that look the same."""
    joined: list[Span] = []
    for text, style, _ in segments:
        span = (text, *_appearance(style or Style.null()))
        if joined and (
            joined[-1][1:] == span[1:] or (not text.strip() and joined[-1][2] == span[2])
        ):
            joined[-1] = (joined[-1][0] + text, *joined[-1][1:])
        else:
            joined.append(span)
    return joined


def _appearance(style: Style) -> tuple[str, str, bool]:
    front, back = _hex(style.color, FOREGROUND), _hex(style.bgcolor, BACKGROUND)
    return (back, front, bool(style.bold)) if style.reverse else (front, back, bool(style.bold))


def _hex(color: Color | None, default: str) -> str:
    return default if color is None or color.is_default else color.get_truecolor().hex
