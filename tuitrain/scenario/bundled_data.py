"""The bundled data sets by name: what they are, and which networks fit them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tuitrain_core.data import Dataset

_IMAGE_MODELS: Final = ("lenet", "mlp", "cnn", "resnet8", "resnet20", "transformer")


@dataclass(frozen=True, slots=True)
class BundledData:
    """A bundled data set.

    Attributes
    ----------
    function : the function of `tuitrain_core.data` that returns it
    description : in a few words
    license : of the data; "" for data made by formula
    models : the built-in networks that fit it
    """

    function: str
    description: str
    license: str
    models: tuple[str, ...]

    def load(self) -> tuple[Dataset, Dataset]:
        """Return the data sets for training and for testing.

        Raises
        ------
        CoreError : a file of the package is missing or changed
        """
        from tuitrain_core import data

        return getattr(data, self.function)()


BUNDLED_DATA: Final[dict[str, BundledData]] = {
    "mnist-mini": BundledData(
        "mnist_mini", "ten thousand digits of MNIST", "CC BY-SA 3.0", _IMAGE_MODELS
    ),
    "penguins": BundledData(
        "penguins", "a table: 333 penguins and their body mass in kg", "CC0", ("mlp",)
    ),
    "spirals": BundledData("spirals", "points on three spirals", "", ("mlp",)),
    "waves": BundledData("waves", "noisy sine, square and triangle waves", "", ("conv1d", "mlp")),
    "alice": BundledData(
        "alice", "the characters of Alice in Wonderland", "public domain", ("char-transformer",)
    ),
}
"""The bundled data sets, by their names in scenarios."""


def models_for(data: str) -> tuple[str, ...]:
    """Return the built-in networks that fit data with this name; () if that is not known.

    IDX files and folders of images have images; a table has rows of numbers.
    """
    if data in BUNDLED_DATA:
        return BUNDLED_DATA[data].models
    if data.startswith("csv:"):
        return ("mlp",)
    return _IMAGE_MODELS if data.startswith(("idx:", "folder:")) else ()
