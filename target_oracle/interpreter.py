"""
The process, set for a run: collector out of the way of rows, threads quick to take turns, memory kept.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

from target_oracle import columnar

# Rows are tuples of atoms: the collector finds nothing among them, so it may look rarely.
COLLECT_AFTER: Final = 100_000
# How long the reader may go on while the loader, whose answer has come, waits for its turn. Python's own 5 ms
# come twice a batch, once for each round trip.
SWITCH_SECONDS: Final = 0.001


def prepare() -> None:
    """
    Have the collector forget what is there now and look rarely at what comes; let threads switch soon.

    With the compiled part, memory of one batch stays for the next.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    sys.setswitchinterval(SWITCH_SECONDS)
    if columnar.compiled is not None:
        columnar.compiled.keep_memory()
