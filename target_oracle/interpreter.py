"""
The interpreter, set for a run: its collector out of the way of rows, its threads quick to take turns.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

# Rows are tuples of atoms: the collector finds nothing among them, so it may look rarely.
COLLECT_AFTER: Final = 100_000
# How long the reader may go on while the loader, whose answer has come, waits for its turn. Python's own 5 ms
# come twice a batch, once for each round trip.
SWITCH_SECONDS: Final = 0.001


def prepare() -> None:
    """
    Have the collector forget what is there now and look rarely at what comes; let threads switch soon.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    sys.setswitchinterval(SWITCH_SECONDS)
