"""Folders of images: a folder for each class, and every bad file is one error."""

from __future__ import annotations

import builtins
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tuitrain_core.data import check_image_folder, load_image_folder
from tuitrain_core.errors import CoreError, DataError


def picture(path, level=0, size=(6, 5), mode="RGB"):
    """Write a picture of one level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, (level,) * 3 if mode == "RGB" else level).save(path)


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(["cat", "dog"]):
        for index in range(5):
            picture(tmp_path / "pets" / name / f"{index}.png", 100 * number + index)
    return tmp_path / "pets"


def test_folders_are_classes(folder):
    (folder / "dog" / "notes.txt").write_text("not an image")
    train, test = load_image_folder(folder)
    assert train.class_names == test.class_names == ("cat", "dog")
    assert (len(train), len(test)) == (8, 2)
    assert train.inputs.shape == (8, 3, 5, 6)
    for part in (train, test):
        assert (part.inputs[:, 0, 0, 0] // 100 == part.targets).all()
    np.testing.assert_allclose(train.mean, (train.inputs / 255).mean())


def test_train_and_test_may_be_folders(tmp_path):
    for part in ("train", "test"):
        for name in ("a", "b"):
            picture(tmp_path / part / name / "1.jpg", 7, mode="L")
    train, test = load_image_folder(tmp_path)
    assert (train.inputs.shape, len(test), train.class_names) == ((2, 1, 5, 6), 2, ("a", "b"))


def test_images_can_be_resized_and_made_grey(folder):
    picture(folder / "dog" / "large.png", 3, (40, 30))
    train, _ = load_image_folder(folder, size=4, grey=True)
    assert train.inputs.shape[1:] == (1, 4, 4)


def test_sixteen_bits_are_scaled(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("1", "2"):
        Image.fromarray(np.full((2, 2), 40_000, np.uint16)).save(tmp_path / "a" / f"{name}.png")
    assert load_image_folder(tmp_path)[0].inputs.tolist() == [[[[156, 156], [156, 156]]]]


def test_bad_folders_are_one_error(folder, tmp_path):
    def problem(path=folder, **options):
        with pytest.raises(DataError) as caught:
            load_image_folder(path, **options)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "size must be an integer within 1 .. 4096" in problem(size=0)
    assert "above 0 and below 1" in problem(test=0)
    assert "none: cannot be read: No such file" in problem(tmp_path / "none")
    assert "has no folders; it needs one for each class" in problem(folder / "cat")
    picture(folder / "dog" / "0a.png", 1, (7, 5))
    assert "0a.png: has 7 x 5 pixels, but" in problem()
    (folder / "dog" / "0a.png").write_bytes(b"no image")
    assert "0a.png: cannot be read as PNG or JPEG" in problem(size=3)
    picture(folder / "dog" / "0a.png", 1, (5000, 5))
    assert "has 5000 x 5 pixels, but 4096 x 4096 are read" in problem(size=3)
    (tmp_path / "empty" / "a").mkdir(parents=True)
    assert "have no .png, .jpg, .jpeg files (folders: a)" in problem(tmp_path / "empty")
    picture(tmp_path / "one" / "a" / "1.png")
    assert "needs 2 samples" in problem(tmp_path / "one")
    (folder / "dog" / "0a.png").unlink()
    (folder / "fox").mkdir()
    assert "fox: has no .png, .jpg, .jpeg files; each folder is a class" in problem()
    (folder / "gnu" / "inner").mkdir(parents=True)
    assert "files (one of 2 such folders); each folder" in problem()
    picture(tmp_path / "half" / "train" / "a" / "1.png")
    assert "but no folder test beside it" in problem(tmp_path / "half")
    picture(tmp_path / "half" / "test" / "b" / "1.png")
    assert "there is no class 'b' in" in problem(tmp_path / "half")


def test_a_check_decodes_no_image(folder):
    (folder / "dog" / "0a.png").write_bytes(b"no image")
    check_image_folder(folder)
    with pytest.raises(DataError, match="size must be"):
        check_image_folder(folder, size=-1)


def test_without_pillow_the_error_says_what_to_install(folder, monkeypatch):
    real = builtins.__import__

    def fails(name, *rest):
        if name == "PIL":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(DataError, match=r'pip install "tuitrain\[images\]"'):
        load_image_folder(folder)


@given(st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_changed_bytes_are_read_or_one_error(folder, rng: random.Random):
    path = folder / "cat" / rng.choice(["x.png", "x.jpg"])
    picture(path, 9)
    content = bytearray(path.read_bytes())
    for _ in range(rng.randrange(1, 5)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(content[: rng.choice([len(content), rng.randrange(len(content))])])
    try:
        load_image_folder(folder, size=4)
    except CoreError as error:
        assert "\n" not in str(error)
    finally:
        path.unlink()
