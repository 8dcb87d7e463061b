"""`burnish export` and `burnish import`: a workspace's prompts as one file, there and back."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from burnish_client import Burnish
from tests.cli.conftest import Shell

pytestmark = pytest.mark.capability("K1", "P10")


@pytest.fixture
def elsewhere(burnish: Burnish) -> dict[str, str]:
    """An admin's key of another workspace, as the environment holds it."""
    return {"BURNISH_API_KEY": burnish.request("POST", "/v1/workspaces", {"name": "Elsewhere"})["api_key"]}


def test_prompts_go_into_a_file_and_come_out_elsewhere_as_they_were(shell: Shell, burnish: Burnish, elsewhere: dict[str, str]) -> None:
    burnish.request("POST", "/v1/prompts", {"slug": "moved", "folder": "cli/moving", "template": "One {{x}}", "model": "simulated/chat"})
    burnish.request("POST", "/v1/prompts/moved/versions", {"base_version": 1, "template": "Two {{x}}"})
    folder = ("--folder", "cli/moving")
    assert "bundle.json" in shell("export", "bundle.json", *folder).stderr
    written = (shell.folder / "bundle.json").read_bytes()
    assert [one["slug"] for one in json.loads(written)["prompts"]] == ["moved"]
    assert "is there already" in shell("export", "bundle.json", *folder, exits=2).stderr
    shell("export", "bundle.json", *folder, "--force")
    assert shell("export", "-", *folder).stdout_bytes == (shell.folder / "bundle.json").read_bytes() == written
    assert "cannot be written" in shell("export", "none/bundle.json", exits=2).stderr
    nowhere = shell("export", "nowhere.json", "--folder", "cli/movnig", exits=1)
    assert "No prompt is in the folder 'cli/movnig'" in nowhere.stderr and not (shell.folder / "nowhere.json").exists()
    (shell.folder / "there").mkdir()
    assert "cannot be written" in shell("export", "there", *folder, "--force", exits=2).stderr
    assert not list(shell.folder.glob(".*.new")), "nothing half written stays"

    tried = shell("import", "bundle.json", "--dry-run", **elsewhere)
    assert tried.stdout.split() == ["WHAT", "NAME", "OUTCOME", "ADDED", "prompt", "moved", "created", "2"] and "--dry-run" in tried.stderr
    assert shell("prompts", "list", **elsewhere).stdout == ""
    for outcome, added in (("created", "2"), ("unchanged", "0")):
        assert shell("import", "-", given=written.decode(), **elsewhere).stdout.split()[4:] == ["prompt", "moved", outcome, added]
    assert shell("export", "-", *folder, **elsewhere).stdout_bytes == written, "the same bytes wherever it stands"


def test_what_is_left_alone_ends_with_1_and_says_why(shell: Shell, elsewhere: dict[str, str]) -> None:
    there = Burnish(base_url=shell.environment["BURNISH_BASE_URL"], api_key=elsewhere["BURNISH_API_KEY"], cache_folder=False)
    with there:
        there.request("POST", "/v1/prompts", {"slug": "kept", "template": "Here", "model": "simulated/chat"})
    versions = [{"version": 1, "content": {"template": "There", "model": "simulated/chat"}}]
    (shell.folder / "bundle.json").write_text(json.dumps({"prompts": [{"slug": "kept", "versions": versions}]}))
    refused = shell("import", "bundle.json", exits=1, **elsewhere)
    assert refused.stdout.split()[4:] == ["prompt", "kept", "conflict", "0"] and "kept: " in refused.stderr
    (shell.folder / "nothing.json").write_text("{}")
    for words in (("nothing.json",), ("nothing.json", "--dry-run"), ("nothing.json", "--json")):
        empty = shell("import", *words, exits=2, **elsewhere)
        assert "nothing.json holds nothing to bring in. It was read as 'bundle'; --format" in empty.stderr
        assert empty.stdout == "" or json.loads(empty.stdout)["prompts"] == []
    (shell.folder / "blank.json").write_text(" \n")
    assert "blank.json is empty" in shell("import", "blank.json", exits=2, **elsewhere).stderr
    assert "Standard input is empty" in shell("import", "-", exits=2, **elsewhere).stderr
    (shell.folder / "broken.json").write_text("{")
    assert "no" in shell("import", "broken.json", exits=3, **elsewhere).stderr
    assert "cannot be read" in shell("import", "none.json", exits=2, **elsewhere).stderr


def test_files_of_other_tools_come_in(shell: Shell, elsewhere: dict[str, str]) -> None:
    (shell.folder / "desk.yaml").write_text(
        "prompts: ['Route {{t}}']\ntests: [{vars: {t: hi}, assert: [{type: equals, value: billing}]}]\n"
    )
    given = ("import", "desk.yaml", "--format", "promptfoo", "--name", "desk", "--model", "simulated/chat")
    assert "desk" in shell(*given, "--dry-run", **elsewhere).stdout
    shell.environment.update(elsewhere)
    answer = shell.json(*given)
    assert [(one["slug"], one["outcome"]) for one in answer["prompts"]] == [("desk", "created")] and len(answer["datasets"]) == 1
    assert "desk" in shell("prompts", "list").stdout


def test_the_files_that_a_promptfoo_configuration_names_come_along(shell: Shell, burnish: Burnish, elsewhere: dict[str, str]) -> None:
    for name, text in {
        "prompts/queue.txt": "Route {{t}}\n---\nName the queue of {{t}}\n",
        "prompts/chat.json": '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{t}}"}]',
        "cases/more.csv": 't,__expected,__metadata:area\n"Late, again","equals: shipping",post\nNow: what?,access: denied,\n',
        "cases/one.yaml": "- vars: {t: 'file://letter.md'}\n  assert: [{type: contains, value: billing}]\n",
        "cases/letter.md": "Charged twice.\n",
        "letter.md": "Charged twice.\n",
        "routes.yaml": (
            "description: routes\nprompts: [file://prompts/queue.txt, 'prompts/*.json', 'Inline {{t}}']\n"
            "providers: [openai:gpt-4o-mini]\ntests:\n  - file://cases/*.csv\n  - file://cases/one.yaml\n"
            "  - {vars: {t: here}, assert: [{type: equals, value: access}]}\n"
        ),
    }.items():
        (shell.folder / name).parent.mkdir(exist_ok=True)
        (shell.folder / name).write_text(text)
    shell.environment.update(elsewhere)
    given = ("import", "routes.yaml", "--format", "promptfoo", "--model", "simulated/chat")
    told = shell.json(*given)
    assert [one["slug"] for one in told["prompts"]] == ["queue-1", "queue-2", "chat", "routes-4"]
    there = Burnish(base_url=shell.environment["BURNISH_BASE_URL"], api_key=elsewhere["BURNISH_API_KEY"], cache_folder=False)
    with there:
        assert [one["role"] for one in there.request("GET", "/v1/prompts/chat?version=1")["messages"]] == ["system", "user"]
        [dataset] = [one for one in there.list("/v1/datasets") if one["name"] == told["datasets"][0]["name"]]
        items = list(there.list(f"/v1/datasets/{dataset['id']}/items"))
    assert {(one["input"]["t"], one["expected"]) for one in items} == {
        ("Late, again", "shipping"), ("Now: what?", "access: denied"), ("Charged twice.", "billing"), ("here", "access"),
    }  # fmt: skip
    (shell.folder / "letter.md").unlink()
    gone = shell(*given, exits=2)
    assert "letter.md" in gone.stderr and "cannot be read" in gone.stderr and gone.stdout == ""


def test_what_is_left_out_ends_with_1_and_is_named(shell: Shell, elsewhere: dict[str, str]) -> None:
    items = [{"datasetName": "d", "input": "a", "expectedOutput": "x"}, {"datasetName": "d", "input": "b", "expectedOutput": ""}]
    (shell.folder / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items))
    assert "line 2: left out" in shell("import", "items.jsonl", "--format", "langfuse", exits=1, **elsewhere).stderr
    (shell.folder / "items.jsonl").write_text(json.dumps(items[0]) + "\n")
    shell("import", "items.jsonl", "--format", "langfuse", **elsewhere)


def test_a_setting_that_is_not_taken_ends_with_1_and_a_note_that_loses_nothing_with_0(shell: Shell, elsewhere: dict[str, str]) -> None:
    """The words of notes decide nothing: `left_out` counts what is lost."""
    shell.environment.update(elsewhere)
    rows: list[dict[str, object]] = [{"name": "Sign Off", "prompt": "a"}, {"name": "sign-off", "prompt": "one that was left out by hand"}]
    given = ("import", "rows.json", "--format", "langfuse", "--json")
    (shell.folder / "rows.json").write_text(json.dumps(rows))
    told = shell.json(*given)
    assert (told["left_out"], ["sign-off-2" in note for note in told["notes"]]) == (0, [True])
    (shell.folder / "rows.json").write_text(json.dumps([{"name": "set", "prompt": "a", "config": {"words": "w" * 70_000}}]))
    told = json.loads(shell(*given, exits=1).stdout)
    assert (told["left_out"], ["config" in note for note in told["notes"]]) == (1, [True])
    (shell.folder / "rows.json").write_text(json.dumps([*rows, *([{"name": "no text"}] * 201)]))
    told = json.loads(shell(*given, exits=1).stdout)
    assert (told["left_out"], len(told["notes"])) == (201, 201)


@pytest.fixture
def earlier() -> Iterator[tuple[str, dict[str, object]]]:
    """The address of a gateway from before `left_out`, and what it answers to an import."""
    answer: dict[str, object] = {name: [] for name in ("chains", "datasets", "models", "experiments", "notes")}
    answer |= {"dry_run": False, "executions": {"found": 0, "added": 0}}

    class Earlier(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            told = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Earlier)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}", answer
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("outcome", "notes", "more", "exits"),
    [
        ("created", [], {}, 0),
        ("created", ["x: is called 'y' here."], {}, 0),
        ("conflict", [], {}, 1),
        ("refused", [], {}, 1),
        ("created", ["[1]: left out, because it holds neither a text nor messages."], {}, 1),
        ("created", ["There are 3 more notes, which are not listed."], {}, 1),
        ("created", ["one that was left out by hand"], {"left_out": 0}, 0),
    ],
)
def test_an_earlier_gateway_that_counts_no_loss_is_read_by_its_notes(
    shell: Shell, earlier: tuple[str, dict[str, object]], outcome: str, notes: list[str], more: dict[str, int], exits: int
) -> None:
    url, answer = earlier
    answer |= {"prompts": [{"slug": "a", "outcome": outcome, "versions_added": 1}], "notes": notes, **more}
    (shell.folder / "rows.json").write_text("{}")
    shell("import", "rows.json", exits=exits, BURNISH_BASE_URL=url)


def test_only_admins_move_a_workspace(shell: Shell, burnish: Burnish, tmp_path: Path) -> None:
    key = burnish.request("POST", "/v1/api-keys", {"name": "editor of files", "role": "editor"})["key"]
    refused = shell("export", str(tmp_path / "bundle.json"), exits=3, BURNISH_API_KEY=key)
    assert "needs the role admin" in refused.stderr and not (tmp_path / "bundle.json").exists()
