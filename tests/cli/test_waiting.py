"""What a command says while it waits, and to a gateway that is older than itself."""

import io
import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from burnish_client.cli.optimize import _progress
from burnish_client.cli.waiting import Bar
from tests.cli.conftest import Shell

pytestmark = pytest.mark.capability("K1")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def job(best: float | None) -> dict[str, Any]:
    progress = {"evaluations": 1_234, "spent_nusd": 12_345_000, "best": best}
    return {"status": "running", "budget": {"evaluations": 2_500}, "progress": progress}


def test_all_words_of_a_search_are_seen_at_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    with Bar("searching") as bar:
        bar.show(*_progress(job(0.083)))
    shown = " ".join(terminal.getvalue().split())
    for word in ("running", "1,234", "2,500", "evaluations", "$", "best", "+8.3", "points", "train"):
        assert word in shown, (word, shown)
    assert "…" not in shown


@pytest.mark.parametrize(
    ("best", "says"),
    [(None, ""), (-0.021, ", nothing better yet"), (0.0, ", nothing better yet"), (0.083, ", best +8.3 points on train")],
)
def test_a_best_below_zero_is_nothing_better_yet(best: float | None, says: str) -> None:
    """None: nothing was compared yet, and nothing is said of it."""
    assert _progress(job(best)) == (1_234, 2_500, f"running, 1,234 of 2,500 evaluations, $0.012345{says}")


@pytest.fixture
def older_gateway() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Gives dead letters up in two parts, and says how many alone, as before `settled_to`; what it was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            known = "settled_to" not in asked[-1]
            answer = {"dismissed": [10_000, 5, 0][len(asked) - 1]} if known else {"error": {"code": "invalid", "message": "no such field"}}
            body = json.dumps(answer).encode()
            self.send_response(200 if known else 422)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_dead_letters_are_dismissed_at_a_gateway_that_does_not_know_settled_to(
    older_gateway: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    url, asked = older_gateway
    key = "bk_live_AAAAAAAA_" + "A" * 43
    shell = Shell(tmp_path, {"BURNISH_BASE_URL": url, "BURNISH_API_KEY": key, "BURNISH_CONFIG_DIR": str(tmp_path / "config")})
    assert "Given up: 10005." in shell("webhooks", "dismiss", "--endpoint", "01a1fc2b-13b1-71b2-bf97-cca646c6a24b").stdout
    assert asked == [{}, {}, {}]
