"""The samples screen over data of each kind, as pictures."""

from __future__ import annotations

import pytest

from tests.app.fake import FakeSource
from tests.app.fake_samples import KINDS

SIZES = {"numbers": ((120, 36), (80, 24)), "words": ((120, 36), (80, 24))}
"""Kinds whose layout folds."""


def cases():
    return [
        pytest.param(kind, size, id=f"{kind}-{size[0]}x{size[1]}")
        for kind in KINDS
        for size in SIZES.get(kind, ((120, 36),))
    ]


@pytest.mark.parametrize(("kind", "size"), cases())
@pytest.mark.slow
async def test_picture(kind, size, opened, picture):
    async with opened(FakeSource(make_batch=KINDS[kind]), size) as person:
        await person.press("i")
        assert person.svg() == picture


@pytest.mark.parametrize("kind", ["features", "numbers", "autoencoder", "words"])
async def test_picture_of_the_worst(kind, opened, picture):
    async with opened(FakeSource(make_batch=KINDS[kind])) as person:
        await person.press("i", "left")
        assert person.svg() == picture


async def test_picture_of_a_scatter_plot_on_a_narrow_terminal(opened, picture):
    async with opened(FakeSource(make_batch=KINDS["numbers"]), (80, 24)) as person:
        await person.press("i", "tab")
        assert person.svg() == picture
