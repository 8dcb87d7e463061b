"""What a service's heap holds is put onto large pages, where the kernel offers some, and holds the same afterwards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from burnish_shared import huge_pages

MIB = 1 << 20

FIGURES = """
from pathlib import Path

def kib(name):
    return next(int(line.split()[1]) for line in Path("/proc/self/smaps_rollup").read_text().splitlines() if line.startswith(name))
"""

HEAP = f"""{FIGURES}
import mmap
from burnish_shared.huge_pages import use_huge_pages

def memory(mib):
    return mmap.mmap(-1, mib << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

full, mostly_empty = memory(32), memory(128)
for page in range(0, len(full), mmap.PAGESIZE):
    full[page : page + 8] = page.to_bytes(8, "big")
for mib in range(128):
    mostly_empty[mib << 20] = 1
before = kib("Rss")
blocks = use_huge_pages()
same = all(full[page : page + 8] == page.to_bytes(8, "big") for page in range(0, len(full), mmap.PAGESIZE))
print(blocks, kib("AnonHugePages"), kib("Rss") - before, same, use_huge_pages())
"""

SERVICE = f"""{FIGURES}
import asyncio
from burnish_shared import process

process.STANDS_AFTER_S = (0.01,)
kept = b"x" * (32 << 20)

async def main(stop):
    while kib("AnonHugePages") < 16 << 10:
        await asyncio.sleep(0.01)
    print("on large pages")

process.run_service(main, service="gateway")
"""


def told_by(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout


def are_offered() -> bool:
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    return release >= (6, 1) and huge_pages._block_bytes() == 2 * MIB


needs_them = pytest.mark.skipif(not are_offered(), reason="this kernel offers no large pages of 2 MiB to those who ask")


@needs_them
def test_full_blocks_go_to_large_pages_and_hold_the_same_and_empty_ones_take_no_more_memory() -> None:
    blocks, on_large_kib, more_kib, same, again = told_by(HEAP).splitlines()[-1].split()
    assert int(blocks) >= 15
    assert int(on_large_kib) >= 15 * 2048
    assert int(more_kib) < 16 * 1024  # The mostly empty 128 MiB would all be in use.
    assert same == "True"
    assert int(again) >= int(blocks)


@needs_them
def test_a_service_does_so_once_it_has_started() -> None:
    assert "on large pages" in told_by(SERVICE)


@pytest.mark.parametrize("enabled", ["always madvise [never]\n", None])
def test_nothing_is_done_where_an_operator_said_never_or_the_kernel_knows_none(
    enabled: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hpage_pmd_size").write_text("2097152\n")
    if enabled is not None:
        (tmp_path / "enabled").write_text(enabled)
    monkeypatch.setattr(huge_pages, "OFFERED", tmp_path)
    assert huge_pages.use_huge_pages() == 0
