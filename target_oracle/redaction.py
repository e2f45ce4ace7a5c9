"""
Secrets that this process knows, and what is written in their place.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Final

MASK: Final = "***"

# A shorter secret is masked only where it stands alone: "a" would mask every word.
_SHORT: Final = 4

_known: Final[set[str]] = set()


def hide(secret: str) -> None:
    """
    Mask *secret* from now on, as it stands and as JSON writes it.
    """
    if secret:
        _known.update((secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]))
        _pattern.cache_clear()


@cache
def _pattern() -> re.Pattern[str] | None:
    parts = [
        re.escape(secret) if len(secret) >= _SHORT else rf"(?<!\w){re.escape(secret)}(?!\w)"
        for secret in sorted(_known, key=len, reverse=True)
    ]
    return re.compile("|".join(parts)) if parts else None


def redact(text: str) -> str:
    """
    Return *text* with every known secret masked.
    """
    pattern = _pattern()
    return pattern.sub(MASK, text) if pattern else text
