"""Transforms against plain loops; what is random depends on the key of the sample alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tuitrain_core import random
from tuitrain_core.data import transform as T
from tuitrain_core.data.transform import RandomNumbers, sample_scope
from tuitrain_core.errors import CoreError


def picture(height=5, width=7, channels=3, dtype="uint8"):
    return np.random.default_rng(1).integers(0, 256, (height, width, channels)).astype(dtype)


def apply(transform, image, *key):
    with sample_scope(RandomNumbers(*key)):
        return transform.apply(image)


def test_words_are_those_of_splitmix64():
    numbers = RandomNumbers()
    numbers.state = 1234567
    assert [numbers.word() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_every_part_of_the_key_counts():
    keys = [(), (0,), (0, 0), *itertools.product(range(3), repeat=3)]
    assert len({RandomNumbers(*key).word() for key in keys}) == len(keys)


def test_random_numbers_are_even():
    numbers = RandomNumbers(3)
    uniform = [numbers.uniform(-1, 3) for _ in range(2000)]
    assert -1 <= min(uniform) < -0.95
    assert 2.95 < max(uniform) < 3
    counts = np.bincount([numbers.integer(2, 7) for _ in range(2000)])
    assert counts[:2].tolist() == [0, 0]
    assert counts[2:].min() > 320
    orders = {tuple(numbers.permutation(3)) for _ in range(100)}
    assert orders == set(itertools.permutations(range(3)))


def test_outside_a_loader_the_seed_of_the_core_decides():
    flip = T.RandomHorizontalFlip()
    outcomes = []
    for _ in range(2):
        with random.scope(random.make_generator(5)):
            outcomes.append([flip.apply(picture()).tobytes() for _ in range(20)])
    assert outcomes[0] == outcomes[1]
    assert len(set(outcomes[0])) == 2


def naive_resize(image, size):
    height, width, channels = image.shape
    result = np.zeros((*size, channels))
    for row, column in np.ndindex(size):
        y = min(max((row + 0.5) * height / size[0] - 0.5, 0), height - 1)
        x = min(max((column + 0.5) * width / size[1] - 0.5, 0), width - 1)
        for other_row, other_column in np.ndindex(height, width):
            share = max(0, 1 - abs(y - other_row)) * max(0, 1 - abs(x - other_column))
            result[row, column] += share * image[other_row, other_column]
    return result


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (3, 4), (11, 6), (10, 14)])
def test_resize_is_linear_between_the_centers_of_pixels(size):
    image = picture()
    expected = naive_resize(image.astype(float), size)
    floats = T.Resize(size).apply(image.astype("float32"))
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats, expected, atol=1e-3)
    whole = T.Resize(size).apply(image)
    assert whole.dtype == np.uint8
    np.testing.assert_allclose(whole, expected, atol=0.501)


def test_a_crop_is_any_window_of_the_padded_picture():
    image = picture(3, 3, 2)
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    windows = {padded[y : y + 4, x : x + 4].tobytes() for y in range(2) for x in range(2)}
    crop = T.RandomCrop(4, padding_size=1)
    assert {apply(crop, image, key).tobytes() for key in range(60)} == windows


def test_flips_happen_with_their_probability():
    image = picture()
    for flip, other in (
        (T.RandomHorizontalFlip(0.25), image[:, ::-1]),
        (T.RandomVerticalFlip(0.25), image[::-1]),
    ):
        results = [apply(flip, image, key) for key in range(400)]
        flipped = sum(result.tobytes() == other.tobytes() for result in results)
        assert 70 < flipped < 130
        assert sum(result.tobytes() == image.tobytes() for result in results) == 400 - flipped


def test_a_resized_crop_has_the_area_and_ratio_of_its_ranges():
    ramp = np.stack(np.meshgrid(np.arange(40.0), np.arange(40.0)), axis=2)
    crop = T.RandomResizedCrop((40, 40), (0.2, 0.5), (0.5, 2.0))
    for key in range(50):
        left, top, right, bottom = apply(crop, ramp, key)[[0, -1], [0, -1]].ravel()
        width, height = right - left + 1, bottom - top + 1
        assert 0.15 < width * height / 1600 < 0.55
        assert 0.45 < width / height < 2.2
    wide = T.RandomResizedCrop((4, 4), (1.0, 1.0), (9.0, 9.0))
    assert apply(wide, ramp).shape == (4, 4, 2)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_colors_are_mixed_with_black_the_mean_gray_or_their_gray(dtype):
    image = picture(dtype=dtype)
    gray = image.astype(float) @ [0.114, 0.587, 0.299]
    mean = np.rint(gray).mean() if dtype == "uint8" else gray.mean()
    for kind, other in (
        (T.BrightnessTransform, 0.0),
        (T.ContrastTransform, mean),
        (T.SaturationTransform, gray[..., None]),
    ):
        for key in range(5):
            result = apply(kind(0.7), image, key)
            child = RandomNumbers(RandomNumbers(key).word())
            share = child.uniform(0.3, 1.7)
            expected = np.clip(image * share + other * (1 - share), 0, 255)
            assert result.dtype == image.dtype
            np.testing.assert_allclose(result, expected, atol=1.01 if dtype == "uint8" else 1e-3)


def test_jitter_of_gray_pictures_and_of_none():
    gray = picture(channels=1)
    jitter = T.ColorJitter(0.5, 0.5, 0.5)
    results = {apply(jitter, gray, key).tobytes() for key in range(10)}
    assert len(results) == 10
    assert apply(T.ColorJitter(), gray, 1) is gray
    with pytest.raises(CoreError, match="1 or 3 channels, but was given 2"):
        apply(T.SaturationTransform(0.5), gray.repeat(2, axis=2))


def test_all_parts_of_a_sample_get_the_same_random_numbers():
    image = picture()
    crop = T.Compose(
        [T.RandomCrop(3, 2, 255, 7), T.RandomVerticalFlip(), T.ColorJitter(0.5)],
        order=("image", "mask", "info"),
    )
    results = set()
    for key in range(30):
        changed, mask, info = apply(crop, (image * 0 + 9, image * 0, "name"), key)
        assert ((changed[..., 0] > 100) == (mask[..., 0] == 7)).all()
        assert info == "name"
        results.add(mask.tobytes())
    assert len(results) > 5


def test_transforms_show_their_settings():
    compose = T.Compose([T.RandomCrop(3, 1), T.RandomHorizontalFlip(0.5), T.ColorJitter(0.1)])
    assert repr(compose) == (
        "Compose(transforms=[RandomCrop(output_size=(3, 3), padding_size=(1, 1, 1, 1), "
        "padding_value=(0, 0, 0), padding_maskvalue=0), RandomHorizontalFlip(prob=0.5), "
        "ColorJitter(brightness=0.1, contrast=0.0, saturation=0.0)])"
    )


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: T.ToMode("HWC"), "mode must be 'CHW', but is 'HWC'"),
        (lambda: T.ToMode(order=("imgae",)), "did you mean 'image'"),
        (lambda: T.Pad((1, 2, 3)), r"size must be 1, 2 or 4 whole numbers .* \(1, 2, 3\)"),
        (lambda: T.Pad(-1), "at least 0, but is -1"),
        (lambda: T.RandomCrop(0), "output_size must be one or two whole numbers"),
        (lambda: T.RandomHorizontalFlip(1.5), "prob must be a number, 0 to 1, but is 1.5"),
        (lambda: T.BrightnessTransform(-1), "value must be a number, 0 or more, but is -1"),
        (lambda: T.Normalize(std=0), "std must not be 0"),
        (lambda: T.Normalize(mean="x"), "mean must be a finite number"),
        (lambda: T.Resize(3, interpolation=2), r"0 \(nearest\) or 1 \(linear\), but is 2"),
        (lambda: T.RandomResizedCrop(3, (1.0, 0.5)), "scale_range must be two numbers"),
        (lambda: T.ColorJitter(hue=0.1), "hue must be 0"),
        (lambda: T.Compose([3]), "a transform is a .*Transform, but was given 3"),
        (lambda: T.CenterCrop(9).apply(picture()), r"larger than the picture, \(5, 7, 3\)"),
        (lambda: T.Resize(2).apply(np.zeros((2, 2))), r"an array \(H, W, C\), but was given"),
        (lambda: T.Resize(2).apply("x"), r"but was given str"),
        (lambda: T.VisionTransform().apply(picture()), "has no _apply_image"),
    ],
)
def test_mistakes_are_named(make, text):
    with pytest.raises((CoreError, NotImplementedError), match=text):
        make()
