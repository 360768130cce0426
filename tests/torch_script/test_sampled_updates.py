"""Updates of large networks are measured on a sample, which the screen says."""

import pytest
import torch
from torch import nn

from tests.script.test_live import fly
from tests.torch_script.test_live import one_line, wait_for_step
from tuitrain.app.renderables.tables.groups import GroupColumns, table_rows
from tuitrain.engines.torch import statistics
from tuitrain.run.snapshot import Phase

__all__ = ["fly"]


class Sizes:
    """Takes the statistics that a measurement writes."""

    def __init__(self) -> None:
        self.statistics = {}


def change_of(parameters) -> tuple[float, float]:
    """Return the norm of a change of all parameters as measured, and as it is."""
    owner = Sizes()
    measurement = statistics.UpdateMeasurement(parameters)
    generator = torch.Generator().manual_seed(1)
    exact = 0.0
    with torch.no_grad():
        for item in parameters:
            change = torch.randn(item.shape, generator=generator)
            item.add_(change)
            exact += float(change.square().sum())
    measurement.finish(dict.fromkeys(parameters, owner))
    measured = sum(value.update_norm**2 for value in owner.statistics.values())
    return measured**0.5, exact**0.5


@pytest.mark.parametrize(("limit", "tolerance"), [(10_000, 0.03), (1_000_000, 1e-5)])
def test_a_sample_gives_about_the_norm_of_the_whole_change(monkeypatch, limit, tolerance):
    monkeypatch.setattr(statistics, "MAX_ELEMENTS", limit)
    torch.manual_seed(0)
    parameters = [nn.Parameter(torch.randn(200, 300)), nn.Parameter(torch.randn(64, 64, 3))]
    parameters.append(nn.Parameter(torch.randn(10)))
    for item in parameters:
        item.grad = torch.ones_like(item)
    measured, exact = change_of(parameters)
    assert measured == pytest.approx(exact, rel=tolerance)


def rows_of(shown) -> str:
    rows = table_rows(shown.groups, {"body", "last"}, GroupColumns.fit(120))
    return "".join(text for row in rows for text, _ in row.row)


@pytest.mark.parametrize("limit", [10, 1_000])
def test_the_groups_show_that_the_change_is_an_estimate(fly, monkeypatch, limit):
    monkeypatch.setattr(statistics, "MAX_ELEMENTS", limit)
    deck = fly(one_line(plan={3: "pause"}))
    shown = wait_for_step(deck, 3)
    assert deck.wait_for(Phase.PAUSED).groups[0].is_sampled == (limit == 10)
    assert ("≈" in rows_of(shown)) == (limit == 10)
