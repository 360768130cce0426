"""Make the bundled digits from the four files of MNIST.

The first images of each part are written, in order, as gzipped IDX files. The same source gives the
same bytes (with the same zlib).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tuitrain_core.data import Dataset, load_idx_folder, write_idx
from tuitrain_core.errors import CoreError


def main() -> int:
    """Write the four files, and print their sizes; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("source", type=Path, help="folder with MNIST's four IDX files")
    parser.add_argument("destination", type=Path, help="folder to write to; made if missing")
    parser.add_argument("--train", type=int, default=10_000, help="training images (10000)")
    parser.add_argument("--test", type=int, default=2_000, help="test images (2000)")
    arguments = parser.parse_args()
    try:
        train, test = load_idx_folder(arguments.source)
        arguments.destination.mkdir(parents=True, exist_ok=True)
        write_part(arguments.destination, "train", train, arguments.train)
        write_part(arguments.destination, "t10k", test, arguments.test)
    except (CoreError, OSError) as error:
        print(f"make_mnist_mini: {error}", file=sys.stderr)
        return 1
    return 0


def write_part(folder: Path, part: str, dataset: Dataset, count: int) -> None:
    """Write the first ``count`` images and labels of a part."""
    contents = {
        f"{part}-images-idx3-ubyte.gz": dataset.inputs[:count, 0],
        f"{part}-labels-idx1-ubyte.gz": dataset.targets[:count].astype("u1"),
    }
    for name, array in contents.items():
        write_idx(folder / name, array)
        print(f"{(folder / name).stat().st_size:>9} bytes  {name}  {array.shape}")


if __name__ == "__main__":
    sys.exit(main())
