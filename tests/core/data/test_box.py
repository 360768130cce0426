"""The data in the box: penguins, Alice, spirals and waves."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from tuitrain_core import data
from tuitrain_core.data import Dataset
from tuitrain_core.errors import DataError

DIGESTS = {
    "penguins": "0130fa8c487b9869de6ae6be383a8e32bec24139679eb9312d4653a1a24899d8",
    "alice": "9693bfe1093b3a650ccc49c161e63b68cecc49d4d608a0a7e65a8b0ad203e9b9",
    "spirals": "3c324e2ef1e42cd26fe96a51629dc88ffbdcca52a9c810b2fc8e2d94f590c7ff",
    "waves": "640202f7fc0007769af2d47d2fed56a645dbc5f756aafbeed4cac2cf1f16c129",
}
"""Of the bytes of inputs and targets, training and test."""


@pytest.mark.parametrize("name", DIGESTS)
def test_the_bytes_are_the_same_everywhere(name: str):
    digest = hashlib.sha256()
    for part in getattr(data, name)():
        digest.update(part.inputs.tobytes() + part.targets.tobytes())
    assert digest.hexdigest() == DIGESTS[name]


def test_penguins_are_features_with_names_and_a_mass_in_kg():
    train, test = data.penguins()
    assert (train.inputs.shape, train.targets.shape) == ((267, 11), (267,))
    assert (len(test), train.classes, train.output_size) == (66, None, 1)
    assert len(train.feature_names) == 11
    assert 2.5 < train.targets.min() < train.targets.max() < 6.5
    first = dict(zip(train.feature_names, train.inputs[0].tolist(), strict=True))
    assert first["bill_length_mm"] == pytest.approx(39.1)
    assert first["flipper_length_mm"] == 181
    assert train.targets[0] == pytest.approx(3.75)
    assert [name for name, value in first.items() if value == 1] == [
        "species Adelie", "island Torgersen", "sex male",
    ]  # fmt: skip


def test_penguins_are_normalized_by_the_training_part():
    train, test = data.penguins()
    assert (test.mean, test.std) == (train.mean, train.std)
    batch, _ = data.DataLoader(train, len(train)).batch(0)
    np.testing.assert_allclose(batch[:, :3].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(batch[:, :3].std(axis=0), 1, atol=1e-5)
    kinds = [(3, 6), (6, 9), (9, 11)]
    for first, last in kinds:
        np.testing.assert_array_equal(batch[:, first:last].sum(axis=1), 1)


def read(part: Dataset, tokens: np.ndarray) -> str:
    return "".join(part.vocabulary[token] for token in tokens.ravel())


def test_alice_predicts_the_next_character():
    train, test = data.alice()
    assert (train.inputs.shape, train.inputs.dtype) == ((2708, 48), np.int32)
    assert train.classes == test.classes == len(train.vocabulary) == 70
    for part in (train, test):
        np.testing.assert_array_equal(part.inputs.ravel()[1:], part.targets.ravel()[:-1])
    text = read(train, train.inputs)
    assert text.startswith("CHAPTER I\n\nDown the Rabbit-Hole\n\nAlice was beginning")
    assert read(train, train.targets).startswith("HAPTER I")


def test_alice_is_split_at_a_point():
    train, test = data.alice(100)
    path = Path(data.__file__).with_name("box") / "alice.txt.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    before, after = text[:130_000], text[130_000:]
    assert len(text) == 144_161
    assert read(train, train.inputs) + read(train, train.targets[-1:, -1:]) in before
    assert read(test, test.inputs) == after[: test.inputs.size]
    assert len(test) == (len(after) - 1) // 100


@pytest.mark.parametrize("window", [0, 10_001, 2.0, True])
def test_alice_refuses_windows_that_make_no_samples(window):
    with pytest.raises(DataError, match="window must be an integer from 1 to 10000"):
        data.alice(window)


def test_spirals_have_three_arms_that_turn():
    train, test = data.spirals()
    assert (train.inputs.shape, len(test), train.classes) == ((1500, 2), 500, 3)
    assert (train.feature_names, train.class_names) == (("x", "y"), ("arm 1", "arm 2", "arm 3"))
    assert np.bincount(train.targets).tolist() == [500, 500, 500]
    radius = np.hypot(*train.inputs.T)
    assert 0.1 <= radius.min() < radius.max() < 1
    turns = np.arctan2(*train.inputs.T[::-1]) / (2 * np.pi) - train.targets / 3 - 0.8 * radius
    noise = turns - np.round(turns)
    assert abs(noise.mean()) < 0.002
    assert noise.std() == pytest.approx(0.025, rel=0.05)


def test_waves_are_sines_squares_and_triangles():
    train, test = data.waves()
    assert (train.inputs.shape, len(test), train.classes) == ((1500, 64), 500, 3)
    assert train.class_names == ("sine", "square", "triangle")
    peaks = [np.abs(train.inputs[train.targets == kind]).max(axis=1).mean() for kind in range(3)]
    spread = [train.inputs[train.targets == kind].std() for kind in range(3)]
    assert spread[1] > spread[0] > spread[2]  # 1, the root of 1/2, and the root of 1/3
    assert all(0.9 < peak < 1.4 for peak in peaks)


@pytest.mark.parametrize("load", [data.penguins, data.alice])
def test_a_changed_file_is_refused(load, monkeypatch):
    read_bytes = Path.read_bytes

    def changed(path: Path) -> bytes:
        content = read_bytes(path)
        if path.suffix == ".gz":
            return gzip.compress(gzip.decompress(content)[:-1])
        return content.replace(b"3750", b"3751", 1)

    monkeypatch.setattr(Path, "read_bytes", changed)
    with pytest.raises(DataError, match="has been changed: its SHA-256 is"):
        load.__wrapped__()


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08"])
def test_a_damaged_text_is_refused(content, monkeypatch):
    monkeypatch.setattr(Path, "read_bytes", lambda _: content)
    with pytest.raises(DataError, match=r"alice\.txt\.gz: "):
        data.alice.__wrapped__()
