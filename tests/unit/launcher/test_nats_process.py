"""How the packaged NATS is started."""

import os
from pathlib import Path

import pytest

from burnish.embedded import nats
from burnish.embedded.nats import MEMORY_AIM, Nats, environment
from burnish.embedded.ports import free_port
from burnish_shared.bus.users import USERS


@pytest.mark.parametrize(("cores", "at_once"), [(1, "1"), (2, "1"), (3, "1"), (4, "2"), (16, "8")])
def test_it_leaves_half_of_the_cores_to_the_services(cores: int, at_once: str) -> None:
    assert environment({"PATH": "/bin"}, cores=cores) == {"PATH": "/bin", "GOMAXPROCS": at_once, "GOMEMLIMIT": MEMORY_AIM}


def test_what_an_operator_set_stays() -> None:
    said = {"GOMAXPROCS": "6", "GOMEMLIMIT": "1GiB"}
    assert environment(said, cores=2) == said


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux tells what a process was given")
async def test_a_server_that_was_started_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOMAXPROCS", raising=False)
    server = Nats(folder=tmp_path / "nats", port=free_port(15900), log=tmp_path / "nats.log", passwords=dict.fromkeys(USERS, "p" * 16))

    process = await nats.start(server)
    try:
        told = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    finally:
        await nats.stop(process)

    assert f"GOMAXPROCS={max(1, len(os.sched_getaffinity(0)) // 2)}".encode() in told
