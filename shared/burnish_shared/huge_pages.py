"""A service's heap on pages of 2 MiB.

Some ten thousand pages of 4 KiB hold what a gateway goes through for its calls, more than a processor remembers the places of, and in a
virtual machine each place that it has forgotten is looked up twice. Debian, Ubuntu and most hosts' kernels give large pages only to those
who ask (`madvise`), and Python does not ask (docs/decisions/0126).
"""

import ctypes
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger("burnish.process")

OFFERED: Final = Path("/sys/kernel/mm/transparent_hugepage")
MADV_COLLAPSE: Final = 25
"""Linux 6.1 and later (madvise(2)); older ones know no such advice and say so, which leaves the heap as it is."""

MOSTLY: Final = 0.75
"""Of a block of small pages, the share that must be in use already. The rest of the block is what the large page takes in addition."""


def use_huge_pages() -> int:
    """Put what the heap holds now onto large pages, block by block, and say how many blocks there are. Blocks; what they hold stays.

    Takes 1 to 2 ms a block, most of it in the kernel: call it beside what answers. Safe to repeat: a block that stands on a large page
    stays there. 0 where nothing is offered: not Linux, a kernel before 6.1, or an operator who set `never`.
    """
    size = _block_bytes()
    if not size:
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    done = 0
    for start in _full_blocks(libc, size):
        done += libc.madvise(start, size, MADV_COLLAPSE) == 0
    log.debug("heap_on_huge_pages", blocks=done)
    return done


def _block_bytes() -> int:
    """Bytes of a large page; 0 where none is offered."""
    try:
        if "[never]" in (OFFERED / "enabled").read_text():
            return 0
        return int((OFFERED / "hpage_pmd_size").read_text())
    except (OSError, ValueError):
        return 0


def _full_blocks(libc: ctypes.CDLL, size: int) -> Iterator[int]:
    """Addresses of whole blocks of this process's own memory that is in use for the most part. One that is given back meanwhile is refused
    by the kernel, and harms nothing."""
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    pages = size // mmap.PAGESIZE
    used = ctypes.create_string_buffer(pages)
    for start, end in _own_memory():
        for block in range(-(-start // size) * size, end // size * size, size):
            if libc.mincore(block, size, used) == 0 and used.raw.count(b"\0") <= (1 - MOSTLY) * pages:
                yield block


def _own_memory() -> Iterator[tuple[int, int]]:
    """Start and end of each range that is written by this process alone and comes from no file: arenas, the heap, stacks."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, *_, name = f"{line} ".split(" ", 5)
        if rights == "rw-p" and name.strip() in ("", "[heap]"):
            start, end = span.split("-")
            yield int(start, 16), int(end, 16)
