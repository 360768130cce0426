"""``python -m tuitrain.cli`` is ``tuitrain``."""

import sys

from . import main

sys.exit(main())
