"""`make bench-gateway` reads answers, starts and stops peers and writes its page as it should. Milliseconds are not judged here."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from benchmarks.gateway import mock, peers
from benchmarks.gateway.answers import faults, read
from benchmarks.gateway.load import Result, Target
from benchmarks.gateway.processes import family
from benchmarks.gateway.products import REST, ROWS, Cell, Product, Rest, rotated
from benchmarks.gateway.report import Run, page

STREAM = b"".join(mock.PIECES)
BODY = mock.BUFFERED.partition(b"\r\n\r\n")[2]


def test_the_words_and_usage_are_read_from_both_forms_and_from_chunks_that_travel_together() -> None:
    together = [{"choices": [{"delta": {"content": "word " * 15}}]}] * 2 + [
        {"choices": [{"delta": {}}], "usage": mock.USAGE | {"more": {}}}
    ]
    joined = b": hello\n\n" + b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in together)
    assert [read(body).fault() for body in (BODY, STREAM, joined)] == [None, None, None]


def test_a_lost_chunk_a_lost_usage_and_an_error_are_faults() -> None:
    lost = b"".join(mock.PIECES[1:])
    assert "text differs" in str(read(lost).fault())
    unpaid = b"".join([*mock.PIECES[:-2], mock.PIECES[-1]])
    assert "usage differs" in str(read(unpaid).fault())
    assert faults([BODY, lost, unpaid, b'{"error": {}}', b"", b"{"]) == 5


def kind(command: list[str]) -> peers.Kind:
    def start(folder: Path, mock_url: str) -> tuple["subprocess.Popen[str]", dict[str, Target]]:
        process = peers._open(command, folder, {"PATH": "/usr/bin:/bin"})
        peers._wait(process, folder, lambda: "there" if "ready" in (folder / "log").read_text() else None)
        return process, {}

    return peers.Kind("one", "One 1.0", "", lambda folder: None, start)


def runs(pid: int) -> bool:
    """Whether it is there and more than a dead entry that nobody has read."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_peer_is_stopped_with_everything_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "STOP_S", 0.2)
    peer = peers.start(kind(["sh", "-c", "trap '' TERM; sleep 60 & echo ready; wait; sleep 60"]), tmp_path, "")
    pids = family([peer.process.pid])
    assert len(pids) == 2
    peer.stop()
    peer.stop()
    until = time.monotonic() + 10  # the kernel takes a killed process down in its own time
    while any(map(runs, pids)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(map(runs, pids))


def test_a_peer_that_cannot_be_had_says_why_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(peers.PeerAway, match=r"^ended with 3: no such luck [(]more in .*/one-1.0/log; "):
        peers.start(kind(["sh", "-c", "echo first; echo no such luck; exit 3"]), tmp_path, "")
    away = peers.Kind("two", "Two", "", lambda folder: peers._run("sh", "-c", "echo no network >&2; exit 1", cwd=folder), kind([]).start)
    with pytest.raises(peers.PeerAway, match=r"^no network$"):
        peers.start(away, tmp_path, "")
    assert not (tmp_path / "two" / "complete").exists()  # and is tried again next time
    missing = peers.Kind("three", "Three", "", lambda folder: peers._run("no-such-npm", cwd=folder), kind([]).start)
    with pytest.raises(peers.PeerAway, match=r"^no-such-npm is not there$"):
        peers.start(missing, tmp_path, "")


def product(title: str, cpu_ms: float, *, classes: tuple[str, str] = ("A", "A")) -> Product:
    def result(latency_s: float) -> Result:
        return Result(10, 0, 1.0, [latency_s], [latency_s])

    one = Product(title, classes, {}, set(), sent=10, answered=10, loaded_mib=cpu_ms * 100)
    one.cells = {row.title: [Cell(cpu_ms * share, 0.1, result(cpu_ms / 1000)) for share in (0.9, 1.0, 1.3)] for row in ROWS}
    one.rest = {rest: Rest(result(0.001 + cpu_ms / 1000), result(0.001), [cpu_ms]) for rest, _ in REST}
    return one


def run() -> Run:
    products = [
        product("direct call", 0.01),
        product("Burnish", 1.0, classes=("B", "C")),
        product("Portkey 1", 2.0),
        product("Rust 1", 0.1),
    ]
    return Run(
        products,
        ["Third is not measured: no network"],
        "exact: 10 rows",
        {"gateway": 300.0, "nats": 90.0},
        1.0,
        "make bench-gateway",
        3,
        "abc",
    )


def test_the_page_says_losses_before_wins_and_which_goals_are_missed() -> None:
    text = page(run())
    behind, ahead = text[text.index("## Where Burnish is behind") :].split("## Where Burnish is ahead")
    assert "of Rust 1" in behind and "of Portkey 1" not in behind
    assert "of Portkey 1" in ahead and "of Rust 1" not in ahead
    assert "| Burnish | C | 1.00 (0.90–1.30) | – | 10 | 1 × | 1.0 | 100 × | 0 |" in text
    assert "| CPU-ms, JSON, 32 connections | 1.00 | 1 | 0.6 | first step met |" in text
    assert "| MiB of gateway, executor, NATS | 390.00 | 350 | 350 | missed |" in text
    assert "below Portkey's | 1.00 | – | 2.00 | met |" in text
    assert "- Third is not measured: no network" in text and "WRONG" not in text


def test_the_page_says_where_the_mock_counted_something_else() -> None:
    wrong = run()
    wrong.products[2].miscounted.append("JSON: the mock counted 11 for 10")
    assert "- Portkey 1: WRONG: " in page(wrong)
    lossy = run()
    lossy.products[1].answered = 9
    assert "- Burnish: WRONG: " in page(lossy)


def test_each_round_begins_with_another_product() -> None:
    products = run().products
    assert [rotated(products, turn)[0].title for turn in range(5)] == ["direct call", "Burnish", "Portkey 1", "Rust 1", "direct call"]
