"""
The interpreter's collector of cycles, out of the way of rows.
"""

from __future__ import annotations

import gc
from typing import Final

# Rows are tuples of atoms: the collector finds nothing among them, so it may look rarely.
THRESHOLD: Final = 100_000


def calm() -> None:
    """
    Have it forget what is there now, and look rarely at what comes.
    """
    gc.freeze()
    gc.set_threshold(THRESHOLD)
