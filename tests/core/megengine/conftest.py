"""Lets the tests import `evaluate`, which the comparison script imports, too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
