"""A training has the same bits with every choice of register tiles."""

import numpy as np
from test_burst import STEPS, Trained

from tuitrain_core.digest import digest_arrays
from tuitrain_core.module import Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential
from tuitrain_core.native.ir.host import untuned_host


def convolutions() -> Module:
    """Channels that fill whole vectors, half vectors, and neither; a pool that is fused."""
    return Sequential(
        *(Conv2d(1, 24, 3, padding=1), ReLU(), MaxPool2d(2)),
        *(Conv2d(24, 8, 3, padding=1), ReLU()),
        *(Conv2d(8, 17, 2), ReLU(), Flatten(), Linear(102, 33), ReLU(), Linear(33, 10)),
    )


def test_a_training_has_the_same_digest_with_every_choice_of_tiles(monkeypatch):
    options, digests = untuned_host().tile_options, {}
    for name in ("product", "dot", "halves"):
        for tiles in options.variants(name):
            monkeypatch.setenv("TUITRAIN_TILES", str(tiles))
            trained = Trained(convolutions, "adam", batch=20)
            losses = trained.take(0, STEPS)
            assert np.isfinite(losses).all()
            arrays = {str(i): array for i, array in enumerate([losses, *trained.results()])}
            digests[tiles] = digest_arrays(arrays, {}, {})
    assert len(digests) >= 3
    assert len(set(digests.values())) == 1
