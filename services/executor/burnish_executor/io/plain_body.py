"""The body of a provider's answer as it was before anybody on the way compressed it."""

import zlib
from typing import Final

import aiohttp

INFLATED: Final = frozenset({"gzip", "x-gzip", "deflate"})

PART_MOST_BYTES: Final = 1024 * 1024
"""So much of what is compressed is taken apart at once: a few bytes can hold gigabytes, and whoever reads stops before."""


class PlainBody:
    """Calls ask for no compression; a proxy in between, or the server, may compress all the same. Other codings stay as they are."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content
        said = response.headers.get("content-encoding")
        codings = {one.strip() for one in said.lower().split(",")} - {"", "identity"} if said else set()
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32) if len(codings) == 1 and codings <= INFLATED else None
        self._may_be_raw = codings == {"deflate"}

    @property
    def is_compressed(self) -> bool:
        return self._inflate is not None

    async def end(self) -> None:
        """Returns when all has come; until then no part of it wakes anybody. Raises what breaks it off."""
        await self._content.wait_eof()

    def came(self) -> bytes:
        """What has come since the last read, also where it broke off meanwhile. Of one that is not compressed."""
        if self._content.exception() is None:
            return self._content.read_nowait()
        return self._content._read_nowait(-1)  # the public one raises what broke it off, and what came before would be lost

    async def readany(self) -> bytes:
        """What has come, at least one byte of it; empty at the end. Raises ClientPayloadError where it is not what its header says."""
        if self._inflate is None:
            return await self._content.readany()
        while packed := self._inflate.unconsumed_tail or await self._content.readany():
            if self._inflate.eof:
                return b""  # What follows the end is nothing of the body, and zlib would keep all of it.
            if self._may_be_raw and packed[0] & 0x0F != zlib.DEFLATED:  # RFC 9110, 8.4.1.2: some leave out the header of zlib.
                self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            self._may_be_raw = False
            try:
                plain = self._inflate.decompress(packed, PART_MOST_BYTES)
            except zlib.error as error:
                raise aiohttp.ClientPayloadError("The body is not compressed as its header says.") from error
            if plain:
                return plain
        return self._inflate.flush()
