"""
What a server of each release says of itself before anybody has logged in.
"""

from __future__ import annotations

from dataclasses import dataclass

CHARSET = 873  # AL32UTF8, as the client speaks
NATIONAL_CHARSET = 2000  # AL16UTF16
FIELD_VERSION_18_EXT = 11  # from here AUTH_VERSION_NO has room for larger numbers
CAPABILITY_BYTES = 55  # compile capabilities of a current server
FIELD_VERSION_BYTE, TTC4_BYTE = 7, 40
END_OF_RESPONSE = 0x20  # in byte 40 of the compile capabilities
STRINGS_32K = 0x04  # in byte 6 of the runtime capabilities


@dataclass(frozen=True, slots=True)
class Profile:
    """
    One release: its numbers, and which parts of the protocol it speaks.

    *net_version* is the protocol version of ACCEPT, *field_version* decides which fields the
    messages have.
    """

    version: int
    release: tuple[int, int, int, int, int]
    net_version: int
    field_version: int
    fast_auth: bool = False
    end_of_response: bool = False

    @property
    def release_text(self) -> str:
        return ".".join(map(str, self.release))

    @property
    def release_number(self) -> int:
        """
        The release as AUTH_VERSION_NO carries it.
        """
        first, second, third, fourth, fifth = self.release
        if self.field_version >= FIELD_VERSION_18_EXT:
            return first << 24 | second << 16 | third << 12 | fourth << 4 | fifth
        return first << 24 | second << 20 | third << 12 | fourth << 8 | fifth

    def compile_capabilities(self) -> bytes:
        capabilities = bytearray(CAPABILITY_BYTES)
        capabilities[FIELD_VERSION_BYTE] = self.field_version
        if self.end_of_response:
            capabilities[TTC4_BYTE] = END_OF_RESPONSE
        return bytes(capabilities)

    def runtime_capabilities(self, *, extended_strings: bool) -> bytes:
        capabilities = bytearray(7)
        if extended_strings:
            capabilities[6] = STRINGS_32K
        return bytes(capabilities)


PROFILES = {
    profile.version: profile
    for profile in (
        Profile(12, (12, 2, 0, 1, 0), 317, 8),
        Profile(19, (19, 3, 0, 0, 0), 318, 13),
        Profile(21, (21, 3, 0, 0, 0), 318, 16),
        Profile(23, (23, 4, 0, 24, 5), 319, 24, fast_auth=True, end_of_response=True),
    )
}
