"""Make the bundled table and the bundled text from their sources.

``penguins`` reads ``penguins.csv`` of the PyPI package palmerpenguins, ``alice`` the file
``alice29.txt`` of the Canterbury corpus. The same source gives the same content.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import sys
from pathlib import Path

COLUMNS = (
    *("species", "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm"),
    *("sex", "body_mass_g"),
)


def main() -> int:
    """Write the file, and print its digest; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("kind", choices=("penguins", "alice"))
    parser.add_argument("source", type=Path, help="the file to read")
    parser.add_argument("destination", type=Path, help="the file to write")
    arguments = parser.parse_args()
    try:
        source = arguments.source.read_bytes()
        if arguments.kind == "penguins":
            content = written = penguins(source.decode("utf-8"))
        else:
            content = alice(source.decode("ascii"))
            written = gzip.compress(content, 9, mtime=0)
        arguments.destination.write_bytes(written)
    except (OSError, ValueError, KeyError) as error:
        print(f"make_box_data: {error}", file=sys.stderr)
        return 1
    print(f"{len(written)} bytes, sha256 of the content {hashlib.sha256(content).hexdigest()}")
    return 0


def penguins(text: str) -> bytes:
    """Return the rows without gaps, as CSV."""
    rows = csv.DictReader(io.StringIO(text))
    lines = [[row[column] for column in COLUMNS] for row in rows]
    complete = [line for line in lines if all(cell not in ("", "NA") for cell in line)]
    return "".join(",".join(line) + "\n" for line in [list(COLUMNS), *complete]).encode()


def alice(text: str) -> bytes:
    """Return the twelve chapters, without indents and without several empty lines in a row."""
    start, end = text.index("CHAPTER I\r\n"), text.index("THE END") + len("THE END")
    lines = [line.strip() for line in text[start:end].split("\n")]
    kept = [line for place, line in enumerate(lines) if line or lines[place - 1]]
    return ("\n".join(kept) + "\n").encode()


if __name__ == "__main__":
    sys.exit(main())
