"""
What a decoding process is told: how to make the versions of streams, and which lines to decode.
"""

from __future__ import annotations

import msgspec

from target_oracle.singer.schema import Field
from target_oracle.stream import Target, Version, make_version


class Recipe(msgspec.Struct, frozen=True):
    """
    What `make_version` needs to make the same version of a stream again, and how far its decoder has adapted.
    """

    stream: str
    fields: tuple[Field, ...]
    target: Target
    order: tuple[str, ...]
    validate: bool
    metadata: tuple[Field, ...]
    tolerant: bool
    relaxed: tuple[tuple[int, bytes], ...]

    def follow(self) -> Version:
        """
        Return the version.
        """
        version = make_version(
            self.stream,
            self.fields,
            self.target,
            self.order,
            validate=self.validate,
            metadata=self.metadata,
        )
        version.decoder.relax(self.relaxed)
        if self.tolerant:
            version.decoder.tolerate_unknown()
        return version


class Order(msgspec.Struct, frozen=True):
    """
    Lines to decode, in *pieces*: number, stream and how many.

    Before them, *recipes* of streams that are new or have changed, and pieces that are *forgotten*.
    """

    recipes: tuple[Recipe, ...]
    pieces: tuple[tuple[int, str, int], ...]
    forgotten: tuple[int, ...]
