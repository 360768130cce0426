"""The command line: ``tuitrain``, and its commands, from run to bench.

Imports neither Textual nor Numba before they are needed, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tuitrain.errors import TuitrainError

from .parser import make_parser
from .status import FAILED, INTERRUPTED, complain


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    arguments = make_parser().parse_args(argv)
    try:
        return arguments.action(arguments)
    except TuitrainError as mistake:
        return complain(mistake)
    except KeyboardInterrupt:
        print("tuitrain: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our stdout has left, as `head` does
        sys.stderr.close()
        return FAILED
