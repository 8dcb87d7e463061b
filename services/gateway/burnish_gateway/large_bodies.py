"""How many long bodies a gateway holds at once: each may have 32 MiB, from its first byte until its batch is made."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from burnish_shared.errors import Unavailable

LARGE_BYTES: Final = 1024 * 1024
"""Shorter ones are as those of any route, and wait for each other."""

AT_ONCE: Final = 8
AT_ONCE_OF_ONE: Final = 2
"""Of one workspace: who sends slowly holds up nobody else."""


@dataclass(slots=True)
class LargeBodies:
    """Those that are held now, by workspace. Of one gateway, and one event loop."""

    _held: Counter[UUID] = field(default_factory=Counter)

    @contextlib.contextmanager
    def holding(self, workspace_id: UUID, declared_bytes: int | None) -> Iterator[None]:
        """Around reading one and what is made of it. `declared_bytes`: what its header says; None where it says nothing.

        Raises Unavailable where there are too many.
        """
        if declared_bytes is not None and declared_bytes <= LARGE_BYTES:
            yield
            return
        if self._held[workspace_id] >= AT_ONCE_OF_ONE or self._held.total() >= AT_ONCE:
            raise Unavailable("Other batches of many megabytes are being read; try again, or send a smaller one.", retry_after_s=1)
        self._held[workspace_id] += 1
        try:
            yield
        finally:
            self._held[workspace_id] -= 1
            if not self._held[workspace_id]:
                del self._held[workspace_id]


def declared_bytes(header: str | None) -> int | None:
    """Of a `content-length`; None where it is no number, which reading the body refuses."""
    return int(header) if header is not None and header.isascii() and header.isdigit() and len(header) <= 18 else None
