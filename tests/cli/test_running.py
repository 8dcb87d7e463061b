"""`burnish run`, `replay`, `feedback`, `executions`, `webhooks`, `login`: what they print, and how they end."""

import csv
import http.server
import json
import signal
import stat
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from burnish_client import Burnish
from burnish_client.cli.places import NoPlace, find_place, profiles_path
from tests.cli.conftest import Shell
from tests.embedded.installation import await_value

pytestmark = pytest.mark.capability("K1")
Made = Callable[..., str]


def test_an_answer_is_printed_as_it_comes_and_its_cost_beside_it(shell: Shell, made: Made) -> None:
    slug = made("Say {{word}} and {{thing.name}}.")
    (shell.folder / "word.txt").write_text("good day")
    words = ("run", slug, "-v", "word=@word.txt", "-v", 'thing:={"name": "a tree"}')
    streamed = shell(*words)
    assert streamed.stdout.strip() and "version 1" in streamed.stderr and "simulated" in streamed.stderr and "$" in streamed.stderr
    whole = shell(*words, "--no-stream")
    assert whole.stdout.strip()
    answer = shell.json(*words)
    assert answer["status"] == "success" and answer["version"] == 1
    (shell.folder / "vars.json").write_text(json.dumps({"word": "one", "thing": {"name": "two"}}))
    assert shell.json("run", slug, "--vars", "vars.json", "-v", "word=three")["status"] == "success"
    assert shell("run", slug, "--vars", "-", given='{"word": "x", "thing": {"name": "y"}}').stdout.strip()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("run", "never-was", "-v", "name=x"), 3, "never-was"),
        (("run", "x", "-v", "no sign"), 2, "name=text"),
        (("run", "x", "-v", "a:={"), 2, "no JSON"),
        (("run", "x", "--vars", "not-there.json"), 2, "cannot be read"),
        (("executions", "show", "01a1fc2b-13b1-71b2-bf97-cca646c6a24b"), 3, "not_found"),
        (("webhooks", "replay"), 2, "--endpoint"),
        (("webhooks", "dismiss"), 2, "--endpoint"),
        (("webhooks", "dismiss", "x", "--event", "alert.*"), 2, "--event"),
        (("feedback", "01a1fc2b-13b1-71b2-bf97-cca646c6a24b"), 2, "--thumb"),
        (("whoami", "--profile", "nobody"), 2, "burnish login --profile nobody"),
        (
            ("optimize", "x", "--dataset", "never-was"),
            2,
            "'never-was' is no file, and no dataset of this workspace has that name. There are: ",
        ),
    ],
)
def test_what_cannot_be_done_ends_with_its_code_and_says_what_to_do(shell: Shell, words: tuple[str, ...], code: int, says: str) -> None:
    refused = shell(*words, exits=code)
    assert says in refused.stderr and refused.stdout == "" and "Traceback" not in refused.output


def test_a_key_that_is_not_taken_is_told_with_where_it_is_from_and_whom_it_was_shown(shell: Shell) -> None:
    refused = shell("whoami", exits=3, BURNISH_API_KEY="bk_live_AAAAAAAA_" + "A" * 43)
    assert f"from BURNISH_API_KEY, and {shell.environment['BURNISH_BASE_URL']} was asked" in refused.stderr


def test_a_refusal_names_what_is_lacking(shell: Shell, made: Made) -> None:
    refused = shell("run", made(), exits=3)
    assert "name" in refused.stderr and "missing_variables" in refused.stderr


def test_a_burnish_that_does_not_answer_is_another_code_than_one_that_refuses(shell: Shell) -> None:
    away = shell("whoami", exits=4, BURNISH_BASE_URL="http://127.0.0.1:9")
    assert "127.0.0.1:9" in away.stderr and "BURNISH_API_KEY" in away.stderr
    assert "unauthenticated" in shell("whoami", exits=3, BURNISH_API_KEY="bk_live_wrong").stderr


def test_executions_are_listed_shown_and_run_again(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    first = shell.json("run", slug, "-v", "name=Ada", "--user", "u-1", "--session", "s-1")
    burnish.request("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "temperature": 0})
    [row] = shell.json("executions", "list", "-p", slug, "--user", "u-1", "--session", "s-1")
    assert row["id"] == first["id"] and shell.json("executions", "list", "-p", slug, "--status", "error") == []
    assert first["id"] in shell("executions", "list", "-p", slug).stdout
    assert "Greet Ada." in shell("executions", "show", first["id"]).stdout
    again = shell.json("replay", first["id"])
    assert (again["after"]["version"], again["before"]["id"]) == (1, first["id"]) and again["after"]["id"] != first["id"]
    newer = shell.json("replay", first["id"], "--version", "2")["after"]
    assert newer["version"] == 2
    assert shell.json("executions", "show", newer["id"])["variables"] == {"name": "Ada"}
    assert "===" in shell("replay", first["id"], "--label", "latest").stdout


class Portal(http.server.BaseHTTPRequestHandler):
    """Not Burnish: a page for signing in, which answers everything; or, below `/none`, a server that has no such thing."""

    page = b"<html>Sign in</html>"

    def do_GET(self) -> None:
        page = self.page
        self.send_response(404 if self.path.startswith("/none") else 200)
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def test_any_filter_of_the_log_narrows_lists_and_files(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    liked, plain = (shell.json("run", slug, "-v", f"name={name}", "--user", "u-where") for name in ("Ada", "Eve"))
    shell("feedback", liked["id"], "--thumb", "up")
    of_one = ("-p", slug, "--where", "user_id=u-where")
    found = await_value(lambda: shell.json("executions", "list", *of_one, "-w", "reaction=up"), what="the thumb")
    assert [one["id"] for one in found] == [liked["id"]]
    assert [one["id"] for one in shell.json("executions", "list", *of_one, "-w", "reaction=none", "-w", "model=simulated/chat")] == [
        plain["id"]
    ]
    assert "reaction" in shell("executions", "list", "-w", "reaction=loud", exits=3).stderr
    for name in ("limit", "cursor", "format", "path"):
        assert f"'{name}' is no filter" in shell("executions", "list", "-w", f"{name}=5", exits=2).stderr
    assert "reactoin" in shell("executions", "list", "-w", "reactoin=up", exits=3).stderr, "a filter that is none finds not everything"

    told = shell("executions", "export", "runs.csv", *of_one).stderr
    written = (shell.folder / "runs.csv").read_bytes()
    assert f"{len(written):,} bytes" in told
    assert {row["id"] for row in csv.DictReader(written.decode().splitlines())} == {liked["id"], plain["id"]}
    assert "--force" in shell("executions", "export", "runs.csv", *of_one, exits=2).stderr
    shell("executions", "export", "runs.csv", *of_one, "-w", "reaction=up", "--force")
    assert len((shell.folder / "runs.csv").read_text().splitlines()) == 2
    lines = shell("executions", "export", "-", *of_one).stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [plain["id"], liked["id"]]
    refused = shell("executions", "export", "never.jsonl", "-w", "status=loud", exits=3)
    assert "status" in refused.stderr and not list(shell.folder.glob("*never*"))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b'{"id": 1}\n{"error": {"code": "unavailable"}}\n', "unavailable"),
        (b"id\r\n1\r\nThe file is not whole: it went away.\r\n", "not whole"),
        (b"<html>Sign in</html>", "no list of executions"),
    ],
)
def test_a_file_that_broke_off_is_not_left_behind(shell: Shell, answer: bytes, says: str) -> None:

    class Broken(Portal):
        page = answer

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        broken = shell("executions", "export", "runs.jsonl", exits=4, BURNISH_BASE_URL=f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
    assert says in broken.stderr and not list(shell.folder.glob("*runs*"))


def test_an_execution_without_a_prompt_runs_again(shell: Shell, burnish: Burnish) -> None:
    first = burnish.execute(messages=[{"role": "user", "content": "Hello there."}], model="simulated/chat")
    again = shell.json("replay", first["id"])
    assert again["after"]["status"] == "success" and again["after"]["prompt"] is None


def test_executions_are_followed_as_they_end(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    before = burnish.execute(slug, {"name": "before"})
    following = shell.start("executions", "tail", "-f", "-p", slug, "-w", "from=2026-01-01T00:00:00Z", "--json")
    try:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["id"] == before["id"]
        after = [burnish.execute(slug, {"name": name})["id"] for name in ("one", "two")]
        assert [json.loads(following.stdout.readline())["id"] for _ in after] == after
    finally:
        following.send_signal(signal.SIGINT)
        rest, errors = following.communicate(timeout=120)
    assert (following.returncode, rest, errors) == (0, "", "")


class Relay(http.server.ThreadingHTTPServer):
    """Hands what is read on to `to`, and can go away."""

    allow_reuse_address = True

    def __init__(self, port: int, *, to: str) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = urllib.request.Request(to + self.path, headers={"authorization": self.headers["authorization"]})
                with urllib.request.urlopen(asked) as answer:
                    body = answer.read()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def leave(self) -> None:
        self.shutdown()
        self.server_close()


def test_whoever_follows_waits_while_burnish_is_away_and_misses_nothing(
    shell: Shell, burnish: Burnish, made: Made, workspace: dict[str, str]
) -> None:
    slug = made()
    relay = Relay(0, to=workspace["url"])
    port = relay.server_port
    there = Shell(shell.folder, {**shell.environment, "BURNISH_BASE_URL": f"http://127.0.0.1:{port}"})
    first = burnish.execute(slug, {"name": "first"})["id"]
    following = there.start("executions", "tail", "-f", "-p", slug, "--json")
    try:
        assert following.stdout is not None and following.stderr is not None
        assert json.loads(following.stdout.readline())["id"] == first
        relay.leave()
        assert "Trying on" in following.stderr.readline()
        meanwhile = burnish.execute(slug, {"name": "meanwhile"})["id"]
        relay = Relay(port, to=workspace["url"])
        assert json.loads(following.stdout.readline())["id"] == meanwhile
        assert "answers again" in following.stderr.readline()
    finally:
        following.send_signal(signal.SIGINT)
        rest, errors = following.communicate(timeout=120)
        relay.leave()
    assert (following.returncode, rest, errors) == (0, "", "")


def test_what_somebody_thinks_is_noted(shell: Shell, burnish: Burnish, made: Made) -> None:
    answer = burnish.execute(made(), {"name": "Ada"})
    noted = shell.json("feedback", answer["id"], "--thumb", "up", "-m", "well said", "--user", "u-2")
    assert noted["feedback_id"]


def test_deliveries_are_shown_and_sent_again(shell: Shell, burnish: Burnish, made: Made) -> None:
    url = "http://127.0.0.1:9/hook"
    endpoint = burnish.request("POST", "/v1/webhooks/endpoints", {"url": url, "events": ["prompt.version.created"]})["id"]
    burnish.request("POST", f"/v1/prompts/{made()}/versions", {"base_version": 1, "temperature": 1})
    found = await_value(lambda: shell.json("webhooks", "deliveries", "--endpoint", endpoint), what="a delivery")
    assert found[0]["event_type"] == "prompt.version.created"
    assert found[0]["id"] in shell("webhooks", "deliveries", "--endpoint", endpoint).stdout
    ranged = shell.json("webhooks", "replay", "--endpoint", endpoint, "--from", "2026-01-01", "--status", "exhausted")
    assert ranged[0]["matched"] == 0
    shell("webhooks", "replay", found[0]["id"])
    assert "only a dead letter" in shell("webhooks", "dismiss", found[0]["id"], exits=3).stderr
    narrowed = ("--endpoint", endpoint, "--to", "2026-01-01", "--event", "prompt.*")
    assert shell.json("webhooks", "dismiss", *narrowed) == {"dismissed": 0}
    assert "Given up: 0" in shell("webhooks", "dismiss", "--endpoint", endpoint).stdout
    burnish.request("DELETE", f"/v1/webhooks/endpoints/{endpoint}")


def test_a_login_is_kept_for_its_owner_alone(shell: Shell, workspace: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    key, url = workspace["key"], workspace["url"]
    signed_out = Shell(shell.folder, {**shell.environment, "BURNISH_API_KEY": "", "BURNISH_HOME": str(shell.folder / "none")})
    assert "burnish login" in signed_out("whoami", exits=2).stderr
    refused = signed_out("login", "--url", url, "--profile", "work", given="bk_live_wrong\n", exits=3)
    assert "Nothing was kept" in refused.stderr and "work" not in signed_out("whoami", "--profile", "work", exits=2).stdout
    signed_out("login", "--url", f"{url}/v1", "--profile", "work", given=f"{key}\n")
    signed_out("login", "--url", url, given=f"{key}\n")
    monkeypatch.setenv("BURNISH_CONFIG_DIR", shell.environment["BURNISH_CONFIG_DIR"])
    assert stat.S_IMODE(profiles_path().stat().st_mode) == 0o600 and stat.S_IMODE(profiles_path().parent.stat().st_mode) == 0o700
    for words in ((), ("--profile", "work")):
        said = signed_out.json("whoami", *words)
        assert said["url"] == url and said["workspaces"][0]["name"] == "cli" and key not in json.dumps(said)
    signed_out("logout", "--profile", "work")
    signed_out("whoami", "--profile", "work", exits=2)
    assert signed_out.json("whoami")["from"] == "profile default"


@pytest.mark.parametrize(
    "url", ["http://", "https://[x", "http:///v1", "http://host:abc", "http://ho\u200bst", f"http://{'a' * 64}.example"]
)
def test_an_address_without_a_host_is_told_and_no_trace_is_shown(shell: Shell, url: str) -> None:
    for refused in (
        shell("whoami", exits=2, BURNISH_BASE_URL=url),
        shell("login", "--url", url, given="bk_live_x\n", exits=2),
    ):
        shown = url.replace("\u200b", "\ufffd")  # what nobody would see is seen
        assert f"'{shown}'" in refused.stderr and "https://burnish.example.com" in refused.stderr


def test_a_login_at_what_has_no_scheme_is_refused_by_its_address(shell: Shell) -> None:
    refused = shell("login", "--url", "localhost:18000", given="bk_live_x\n", exits=2)
    assert "'localhost:18000'" in refused.stderr and "--url" in refused.stderr and not (shell.folder.parent / "config").exists()


def test_a_key_that_no_header_can_carry_is_told_and_not_shown(shell: Shell) -> None:
    for refused in (shell("whoami", exits=2, BURNISH_API_KEY="bk_live_ké"), shell("login", given="bk_live_ké\n", exits=2)):
        assert "no key has" in refused.stderr and "bk_live_k" not in refused.stderr


def test_a_key_with_the_end_of_its_line_is_read_and_one_in_two_lines_is_not_shown(shell: Shell, workspace: dict[str, str]) -> None:
    assert shell("whoami", BURNISH_API_KEY=f"{workspace['key']}\r\n").stdout
    refused = shell("whoami", exits=2, BURNISH_API_KEY="bk_live_one\r\nbk_live_two")
    assert "no key has" in refused.stderr and "bk_live" not in refused.stderr


@pytest.fixture
def portal() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_answers_and_is_not_burnish_is_told_and_nothing_of_it_is_taken(shell: Shell, portal: str) -> None:
    for words in (("whoami",), ("run", "x"), ("prompts", "list"), ("export", "b.json"), ("export", "b.json", "--folder", "x")):
        for path in ("", "/none"):
            told = shell(*words, exits=4, BURNISH_BASE_URL=portal + path)
            assert "Burnish" in told.stderr and "None" not in told.stderr and told.stdout == "", (words, path, told.stderr)
    assert not (shell.folder / "b.json").exists()
    refused = shell("login", "--url", f"{portal}/none", given="bk_live_x\n", exits=4)
    assert "not as Burnish does" in refused.stderr and "key" not in refused.stderr


def test_an_address_without_a_key_does_not_send_a_command_elsewhere(
    shell: Shell, workspace: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("login", given=f"{workspace['key']}\n")
    told = shell("whoami", exits=2, BURNISH_API_KEY="", BURNISH_BASE_URL="https://staging.example.com")
    assert "https://staging.example.com" in told.stderr and "no key is known for it" in told.stderr


def test_a_file_that_is_not_there_is_told_in_words(shell: Shell) -> None:
    for words in (("run", "x", "-v", "a=@gone.txt"), ("test",)):
        told = shell(*words, exits=2).stderr
        assert "cannot be read: No such file or directory" in told and "Errno" not in told


def test_the_nearest_word_says_which_burnish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("BURNISH_HOME", str(tmp_path))
    monkeypatch.delenv("BURNISH_API_KEY", raising=False)
    with pytest.raises(NoPlace):
        find_place(None)
    (tmp_path / "connection.json").write_text(json.dumps({"url": "http://here", "api_key": "running"}))
    assert find_place(None).key == "running"
    profiles_path().parent.mkdir()
    profiles = {"default": {"url": "http://u", "api_key": "kept"}, "other": {"url": "http://v", "api_key": "named"}}
    profiles_path().write_text(json.dumps(profiles))
    assert find_place(None).key == "kept"
    monkeypatch.setenv("BURNISH_API_KEY", "environment")
    assert find_place(None).key == "environment" and find_place("other").key == "named"


def test_an_address_alone_takes_the_key_that_is_kept_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("BURNISH_HOME", str(tmp_path))
    monkeypatch.delenv("BURNISH_API_KEY", raising=False)
    monkeypatch.delenv("BURNISH_PROFILE", raising=False)
    (tmp_path / "connection.json").write_text(json.dumps({"url": "http://127.0.0.1:18000", "api_key": "running"}))
    profiles_path().parent.mkdir()
    profiles = {
        "default": {"url": "https://burnish.example.com", "api_key": "default"},
        "staging": {"url": "https://staging.example.com/", "api_key": "staging"},
        "below": {"url": "https://many.example.com/burnish", "api_key": "below"},
        "one": {"url": "https://twice.example.com", "api_key": "first"},
        "two": {"url": "https://twice.example.com", "api_key": "second"},
        "odd": {"url": "https://burnish.example.com:x", "api_key": "odd"},
    }
    profiles_path().write_text(json.dumps(profiles))
    for base, key in {
        "https://Burnish.example.com:443/v1/": "default",
        " https://staging.example.com ": "staging",
        "HTTPS://staging.example.com:443": "staging",
        "http://localhost:18000": "running",
        "http://127.0.0.1:18000/v1": "running",
        "https://many.example.com/burnish/v1": "below",
        " ": "default",
    }.items():
        monkeypatch.setenv("BURNISH_BASE_URL", base)
        assert find_place(None).key == key, base
    for base, said in {
        "http://staging.example.com": "no key is known",
        "https://staging.example.com:8443": "no key is known",
        "https://many.example.com": "no key is known",
        "http://localhost": "no key is known",
        "https://burnish.example.com:y": "no key is known",
        "https://twice.example.com": "--profile with one or two",
        "staging.example.com": "is no address",
    }.items():
        monkeypatch.setenv("BURNISH_BASE_URL", base)
        with pytest.raises(NoPlace, match=said):
            find_place(None)
    monkeypatch.setenv("BURNISH_BASE_URL", " http://localhost:18000 ")
    monkeypatch.setenv("BURNISH_API_KEY", "environment")
    assert find_place(None).url == "http://localhost:18000"
