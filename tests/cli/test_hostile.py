"""Commands in front of what is not Burnish, and of words that would drive the terminal."""

import http.server
import json
import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from burnish_client.cli.app import app
from tests.cli.conftest import COMMAND

pytestmark = pytest.mark.capability("K1")

DRIVES = "\x1b[31mred\x1b]0;title\x07\x9b2J\u202ereversed\u200bhidden"
KEY = "bk_live_" + "x" * 30


class _Server(http.server.ThreadingHTTPServer):
    """`answers`: of a path's last word, with its status; all others get `other`."""

    answers: dict[str, tuple[int, Any]]
    other: tuple[int, Any] = (200, {})


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, said = self.server.answers.get(self.path.partition("?")[0].rpartition("/")[2], self.server.other)
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as made:
        made.answers = {}
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def environment_of(server: _Server, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB", "BURNISH"))}
    return kept | {
        "BURNISH_BASE_URL": f"http://127.0.0.1:{server.server_port}", "BURNISH_API_KEY": KEY, "BURNISH_CONFIG_DIR": str(folder),
    }  # fmt: skip


SUGGESTION = {
    "id": DRIVES, "prompt": DRIVES, "base_version": 1, "status": "accepted", "accepted_version": 2, "label": DRIVES,
    "experiment_id": DRIVES, "rollout_warning": DRIVES, "content": {"messages": [{"role": DRIVES, "content": DRIVES}]},
}  # fmt: skip
JOB = {"id": DRIVES, "status": "failed", "error": {"message": DRIVES}, "progress": {}, "suggestion_id": DRIVES}
EXECUTION = {
    "id": DRIVES,
    "status": DRIVES,
    "prompt": DRIVES,
    "model": DRIVES,
    "output": DRIVES,
    "error": {"code": DRIVES, "message": DRIVES},
}
REFUSAL = {"error": {"code": DRIVES, "message": DRIVES, "param": DRIVES, "request_id": DRIVES}}


@pytest.mark.parametrize(
    ("words", "status", "answer"),
    [
        (("whoami",), 200, {"data": [{"id": DRIVES, "name": DRIVES, "role": DRIVES}]}),
        (("suggestions", "show", "x"), 200, SUGGESTION),
        (("suggestions", "accept", "x"), 200, {"prompt": DRIVES, "version": 1, "rollout_warning": DRIVES, "experiment_id": DRIVES}),
        (("optimization", "x"), 200, JOB),
        (("executions", "show", "x"), 200, EXECUTION),
        (("feedback", "x", "--thumb", "up"), 200, {"feedback_id": DRIVES}),
        (("prompts", "label", "x", "y", "1"), 200, {"label": DRIVES, "version": 1, "warnings": [DRIVES]}),
        (("webhooks", "replay", "--endpoint", "x", "--from", "2026-01-01"), 200, {"id": DRIVES, "matched": 2}),
        (("suggestions", "list"), 400, REFUSAL),
        (("run", "x"), 400, REFUSAL),
    ],
)
def test_words_of_others_drive_no_terminal(server: _Server, tmp_path: Path, words: tuple[str, ...], status: int, answer: Any) -> None:
    server.other = (status, answer)
    told = CliRunner().invoke(app, list(words), env=environment_of(server, tmp_path))
    shown = told.stdout + told.stderr
    assert "reversed" in shown, (told.exit_code, shown)
    assert not [one for one in shown if not one.isprintable() and one not in "\n\t"], ascii(shown)


def test_json_in_a_terminal_is_the_same_json_and_drives_nothing(server: _Server, tmp_path: Path) -> None:
    server.other = (200, SUGGESTION)
    terminal, its_end = pty.openpty()
    words = (*COMMAND, "suggestions", "show", "x", "--json")
    with subprocess.Popen(words, env=environment_of(server, tmp_path), stdin=its_end, stdout=its_end, stderr=subprocess.PIPE) as command:
        os.close(its_end)
        written = b""
        while piece := _read(terminal):
            written += piece
        os.close(terminal)
        assert command.wait() == 0, command.stderr and command.stderr.read()
    shown = written.decode().replace("\r\n", "\n")
    assert json.loads(shown) == SUGGESTION and not [one for one in shown if not one.isprintable() and one != "\n"], ascii(shown)


def _read(terminal: int) -> bytes:
    """Empty at its end, which Linux tells as an error."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


def test_output_that_knows_few_signs_ends_no_command(server: _Server, tmp_path: Path) -> None:
    named = [{"id": "1", "name": "Ümläut 🙂", "role": "admin"}]
    server.other = (200, {"data": named})
    environment = environment_of(server, tmp_path) | {"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"}
    plain = subprocess.run((*COMMAND, "whoami"), env=environment, capture_output=True, check=False)
    assert (plain.returncode, plain.stderr) == (0, b"") and b"\\U0001f642" in plain.stdout
    told = subprocess.run((*COMMAND, "whoami", "--json"), env=environment, capture_output=True, check=False)
    assert told.returncode == 0 and json.loads(told.stdout)["workspaces"] == named


@pytest.mark.parametrize(
    "words",
    [
        ("whoami",), ("suggestions", "list"), ("executions", "list"), ("prompts", "list"), ("datasets", "list"),
        ("webhooks", "deliveries"), ("webhooks", "dismiss", "--endpoint", "x"), ("optimization", "x"), ("import", "bundle.json"),
        ("feedback", "x", "--thumb", "up"), ("export", "-"), ("suggestions", "show", "x"), ("suggestions", "accept", "x"),
        ("executions", "show", "x"), ("replay", "x"), ("prompts", "label", "x", "y", "1"), ("webhooks", "replay", "x"),
    ],
)  # fmt: skip
def test_another_server_that_answers_json_is_told_in_a_line(
    server: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundle.json").write_text('{"prompts": []}')
    told = CliRunner().invoke(app, list(words), env=environment_of(server, tmp_path))
    assert (told.exit_code, told.stdout) == (4, ""), (told.stderr, told.exception)
    assert "Is it its address?" in told.stderr and len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", ["whoami", "suggestions list", "executions list", "prompts list", "datasets list", "webhooks deliveries"])
def test_another_server_that_lists_something_else_is_told_in_a_line(server: _Server, tmp_path: Path, words: str) -> None:
    server.other = (200, {"data": [{"id": "x", "name": "y"}], "next_cursor": None})
    told = CliRunner().invoke(app, words.split(), env=environment_of(server, tmp_path))
    assert (told.exit_code, told.stdout) == (4, ""), (told.stderr, told.exception)
    assert "Is it its address?" in told.stderr and len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (("import", "bundle.json"), {"import": {"prompts": [], "chains": [], "datasets": [], "models": [], "experiments": [],
                                                "executions": {"found": 0}}}),
        (("replay", "x"), {"x": {"id": "x", "prompt": "y", "version": 1, "variables": {}}}),
        (("replay", "x"), {"x": {"prompt": "y", "version": 1, "variables": {}, "model": "m", "id": "x"}}),
        (("replay", "x"), {"x": {"id": 5}}),
        (("replay", "x"), {"x": {"id": "x", "prompt": "y", "version": 1}}),
    ],
)  # fmt: skip
def test_half_an_answer_is_told_in_a_line(
    server: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], answers: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundle.json").write_text('{"prompts": []}')
    server.answers = {name: (200, said) for name, said in answers.items()}
    told = CliRunner().invoke(app, list(words), env=environment_of(server, tmp_path))
    assert told.exit_code == 4, (told.stderr, told.exception)
    assert "Is it its address?" in told.stderr and len(told.stderr.splitlines()) == 1


def test_no_key_is_kept_of_another_server_that_answers_json(server: _Server, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.server_port}"
    told = CliRunner().invoke(app, ["login", "--url", url], input=KEY, env=environment_of(server, tmp_path))
    assert told.exit_code == 4 and "Nothing was kept" in told.stderr and not list(tmp_path.rglob("profiles.json"))


@pytest.mark.parametrize(
    "words", [("replay", "--endpoint", "x", "--from", "0001-01-01"), ("dismiss", "--endpoint", "x", "--to", "0001-01-01")]
)
def test_a_time_that_is_none_in_utc_is_wrong_use(server: _Server, tmp_path: Path, words: tuple[str, ...]) -> None:
    environment = environment_of(server, tmp_path) | {"TZ": "Asia/Tokyo"}
    told = subprocess.run((*COMMAND, "webhooks", *words), env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 2 and "is no time that can be told in UTC" in told.stderr, told.stderr
