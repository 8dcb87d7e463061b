"""`burnish prompts pull|push|diff`: files and Burnish, both ways, without loss, and never over somebody's change."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from burnish_client import Burnish
from tests.cli.conftest import Shell, new_workspace
from tests.embedded.installation import Installation

pytestmark = pytest.mark.capability("K1")
Made = Callable[..., str]


def file_of(shell: Shell, slug: str) -> Path:
    return shell.folder / f"prompts/{slug}.yaml"


def edit(shell: Shell, slug: str, old: str, new: str) -> None:
    path = file_of(shell, slug)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def outcome(shell: Shell, *words: str, exits: int = 0) -> str:
    [done] = shell.json("prompts", *words, exits=exits)
    return str(done["outcome"])


def text_of(burnish: Burnish, slug: str, label: str = "latest") -> str:
    return str(burnish.request("GET", f"/v1/prompts/{slug}", query={"label": label})["messages"][0]["content"])


def save(burnish: Burnish, slug: str, base: int, text: str) -> int:
    body = {"base_version": base, "messages": [{"role": "user", "content": text}]}
    return int(burnish.request("POST", f"/v1/prompts/{slug}/versions", body)["version"])


def test_pull_edit_push_and_pull_again_gives_the_edit_and_nothing_else(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made(
        "Ünïcode \u2028 and {{name}}\r\n  trailing  \nyes: no",
        temperature=0.7, stop=["\n\n", "yes"],
        json_schema={"type": "object", "properties": {"z": {"type": "number"}, "a": {"type": "null"}}},
        output_format="json", parameters={"name": {"type": "string", "default": "1e3"}}, folder="desk/tier 1", tags=["null", "tag"],
        test_cases=[{"name": "one", "variables": {"name": "Ada"}, "expected": "{}"}], rules=["Keep it short."], quality_threshold=0.9,
    )  # fmt: skip
    there = burnish.request("GET", f"/v1/prompts/{slug}")
    shell("prompts", "pull", slug)
    pulled = file_of(shell, slug).read_bytes()
    shell("prompts", "pull", slug)
    assert file_of(shell, slug).read_bytes() == pulled
    assert outcome(shell, "push", slug) == "unchanged" and burnish.request("GET", f"/v1/prompts/{slug}") == there
    edit(shell, slug, "temperature: 0.7", "temperature: 0.2")
    edited = file_of(shell, slug).read_bytes()
    assert outcome(shell, "push", slug) == "saved"
    shell("prompts", "pull", slug)
    assert file_of(shell, slug).read_bytes() == edited
    now = burnish.request("GET", f"/v1/prompts/{slug}", query={"label": "latest"})
    told = ("temperature", "version", "latest_version", "labels", "label", "updated_at", "version_created_at")
    assert {name: one for name, one in now.items() if name not in told} == {name: one for name, one in there.items() if name not in told}
    assert (now["temperature"], now["version"], now["labels"]["production"]) == (0.2, 2, 1)
    assert outcome(shell, "push", slug) == "unchanged", "twice is once"
    file_of(shell, slug).unlink()
    (shell.folder / "prompts/burnish.lock").unlink()
    shell("prompts", "pull", slug)
    assert file_of(shell, slug).read_bytes() == edited, "the same from nothing"


def test_a_field_that_is_taken_out_of_the_file_is_taken_away(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made(temperature=0.5, description="Says hello.")
    shell("prompts", "pull", slug)
    edit(shell, slug, "temperature: 0.5\n", "")
    edit(shell, slug, "description: Says hello.\n", "")
    shell("prompts", "push", slug)
    now = burnish.request("GET", f"/v1/prompts/{slug}", query={"label": "latest"})
    assert "temperature" not in now and now["description"] == "" and now["version"] == 2


def test_a_file_that_nobody_changed_keeps_its_comments(shell: Shell, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    file_of(shell, slug).write_text("# why it is so\n" + file_of(shell, slug).read_text())
    assert outcome(shell, "pull", slug) == "unchanged" and outcome(shell, "push", slug) == "unchanged"
    assert file_of(shell, slug).read_text().startswith("# why")


def test_a_change_of_somebody_else_is_never_overwritten(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    save(burnish, slug, 1, "Greet {{name}} warmly.\nBe brief.\nUse their language.")
    assert outcome(shell, "push", slug) == "behind" and text_of(burnish, slug).startswith("Greet {{name}} warmly")
    edit(shell, slug, "Greet {{name}}.", "Hail {{name}}.")
    mine = file_of(shell, slug).read_text()
    refused = shell("prompts", "push", slug, exits=1)
    assert "version 2" in refused.stderr and "messages:1" in refused.stderr
    assert outcome(shell, "pull", slug, exits=1) == "collides" and file_of(shell, slug).read_text() == mine
    assert "both" in shell("prompts", "diff", slug, "--json", exits=1).stdout
    shell("prompts", "push", slug, "--merge", exits=1)
    assert burnish.request("GET", f"/v1/prompts/{slug}")["latest_version"] == 2
    assert outcome(shell, "push", slug, "--force") == "saved" and text_of(burnish, slug).startswith("Hail")
    assert outcome(shell, "pull", slug) == "unchanged"


def test_burnish_wins_where_it_is_told_to(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    edit(shell, slug, "Be brief.", "Be long.")
    save(burnish, slug, 1, "Something else {{name}}.")
    assert outcome(shell, "pull", slug, "--force") == "updated"
    assert "Something else" in file_of(shell, slug).read_text() and outcome(shell, "push", slug) == "unchanged"


def test_both_changes_are_put_together_where_nothing_conflicts(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    edit(shell, slug, "Greet {{name}}.", "Hail {{name}}.")
    save(burnish, slug, 1, "Greet {{name}}.\nBe brief.\nUse their language, and no other.")
    shell("prompts", "push", slug, exits=1)
    assert outcome(shell, "push", slug, "--merge") == "merged"
    whole = "Hail {{name}}.\nBe brief.\nUse their language, and no other."
    assert text_of(burnish, slug) == whole
    assert "and no other" in file_of(shell, slug).read_text() and outcome(shell, "pull", slug) == "unchanged"


def test_an_edit_on_top_of_what_was_pushed_elsewhere_loses_nothing_and_passes(shell: Shell, burnish: Burnish, made: Made) -> None:
    """A CI pushed the file; the lock here is older. The next edit holds everything that the newer version says."""
    slug = made()
    shell("prompts", "pull", slug)
    lock = (shell.folder / "prompts/burnish.lock").read_text()
    edit(shell, slug, "Greet {{name}}.", "Hail {{name}}.")
    shell("prompts", "push", slug)
    (shell.folder / "prompts/burnish.lock").write_text(lock)
    assert outcome(shell, "push", slug) == "unchanged"
    (shell.folder / "prompts/burnish.lock").write_text(lock)
    edit(shell, slug, "Use their language.", "Use our language.")
    assert outcome(shell, "push", slug) == "saved"
    assert text_of(burnish, slug) == "Hail {{name}}.\nBe brief.\nUse our language."


def test_a_label_is_moved_without_a_change_and_one_that_is_a_path_leads_nowhere(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    assert outcome(shell, "push", slug, "--label", "staging") == "labelled"
    assert outcome(shell, "push", slug, "--label", "staging") == "unchanged"
    labels = burnish.request("GET", f"/v1/prompts/{slug}")["labels"]
    assert labels["staging"] == 1
    for path in ("staging/../canary", "canary?x=1", "canary#x"):
        shell("prompts", "push", slug, "--label", path, exits=3)
        shell("prompts", "label", slug, path, "1", exits=3)
    assert burnish.request("GET", f"/v1/prompts/{slug}")["labels"] == labels


def test_going_back_makes_no_version_and_stays_gone_back(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    first = file_of(shell, slug).read_text()
    edit(shell, slug, "Be brief.", "Be long.")
    shell("prompts", "push", slug, "--label", "production")
    file_of(shell, slug).write_text(first)
    [done] = shell.json("prompts", "push", slug, "--label", "production")
    assert (done["outcome"], done["version"]) == ("existing", 1)
    assert burnish.request("GET", f"/v1/prompts/{slug}")["labels"] == {"production": 1, "latest": 2}
    for words in (("pull",), ("push",)):
        assert outcome(shell, *words, slug) == "unchanged" and file_of(shell, slug).read_text() == first
    edit(shell, slug, "Be brief.", "Be very brief.")
    assert outcome(shell, "push", slug) == "saved"
    file_of(shell, slug).write_text(first)
    told = shell("prompts", "push", slug, "--json")
    assert json.loads(told.stdout) == [{"slug": slug, "outcome": "existing", "version": 1, "newest": 3}]
    assert "what version 1 says, which is not the newest (that is 3)" in told.stderr and "--label production" in told.stderr
    assert burnish.request("GET", f"/v1/prompts/{slug}")["labels"] == {"production": 1, "latest": 3}, "nobody gets another text"


def test_what_stands_on_a_branch_and_fits_the_main_line_no_more_is_told_and_not_pushed(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug, other = made(), made()
    burnish.request("POST", f"/v1/prompts/{slug}/branches", {"branch": "side", "version": 1})
    assert save(burnish, slug, 1, "Hello {{name}}.\nBe brief.\nUse their language.") == 2
    shell("prompts", "pull", slug, other)
    on_branch = "Hail {{name}}.\nBe brief.\nUse their language."
    body = {"base_version": 1, "branch": "side", "messages": [{"role": "user", "content": on_branch}]}
    assert burnish.request("POST", f"/v1/prompts/{slug}/versions", body)["version"] == 3
    edit(shell, slug, "Hello {{name}}.", "Hail {{name}}.")
    edit(shell, other, "Be brief.", "Be long.")
    before = file_of(shell, slug).read_text()
    for words in ((), ("--force",), ("--merge",), ("--label", "production")):
        refused = shell("prompts", "push", slug, *words, exits=1)
        assert f"{slug} is not pushed: version 3" in refused.stderr and "messages:1" in refused.stderr and "History" in refused.stderr
    told = {one["slug"]: one["outcome"] for one in shell.json("prompts", "push", slug, other, exits=1)}
    assert told == {slug: "collides", other: "saved"}, "the others are pushed all the same"
    assert burnish.request("GET", f"/v1/prompts/{slug}")["labels"] == {"production": 1, "latest": 2}
    assert file_of(shell, slug).read_text() == before


def test_what_has_no_versions_goes_both_ways_too(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made(tags=["one"])
    shell("prompts", "pull", slug)
    burnish.request("PATCH", f"/v1/prompts/{slug}", {"tags": ["one", "two"]})
    edit(shell, slug, "Be brief.", "Be long.")
    assert outcome(shell, "push", slug) == "saved"
    assert burnish.request("GET", f"/v1/prompts/{slug}")["tags"] == ["one", "two"], "an edit of the text takes no tag away"
    assert outcome(shell, "pull", slug) == "updated" and "- two" in file_of(shell, slug).read_text()
    edit(shell, slug, "- two\n", "- three\n")
    assert outcome(shell, "push", slug) == "facts"
    assert burnish.request("GET", f"/v1/prompts/{slug}")["tags"] == ["one", "three"]
    burnish.request("PATCH", f"/v1/prompts/{slug}", {"tags": ["four"]})
    edit(shell, slug, "- three\n", "- five\n")
    assert outcome(shell, "push", slug, exits=1) == "collides"
    assert burnish.request("GET", f"/v1/prompts/{slug}")["tags"] == ["four"]


def test_new_files_become_prompts_after_those_that_they_include(shell: Shell, burnish: Burnish) -> None:
    folder = shell.folder / "prompts"
    folder.mkdir()
    (folder / "new-a.yaml").write_text("model: simulated/chat\ntemplate: '{{> new-z}} Greet {{name}}.'\nfolder: new\n")
    (folder / "new-z.yaml").write_text("model: simulated/chat\ntemplate: Be kind.\n")
    assert {one["outcome"] for one in shell.json("prompts", "push", "--dry-run")} == {"would be created"}
    done = shell.json("prompts", "push", "-m", "Begin")
    assert [(one["slug"], one["outcome"], one["version"]) for one in done] == [("new-z", "created", 1), ("new-a", "created", 1)]
    there = burnish.request("GET", "/v1/prompts/new-a")
    assert there["labels"]["production"] == 1 and there["folder"] == "new"
    before = (folder / "new-a.yaml").read_text()
    shell("prompts", "pull", "new-a")
    assert (folder / "new-a.yaml").read_text() == before, "also a file that was written by hand"


def test_one_folder_goes_to_two_workspaces(shell: Shell, installation: Installation, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    other = new_workspace(installation, "cli-other")
    elsewhere = Shell(shell.folder, shell.environment | {"BURNISH_API_KEY": other["key"]})
    assert outcome(elsewhere, "push", slug) == "created"
    edit(shell, slug, "Be brief.", "Be long.")
    assert outcome(shell, "push", slug) == "saved" and outcome(elsewhere, "push", slug) == "saved"
    lock = json.loads((shell.folder / "prompts/burnish.lock").read_text())["prompts"]
    assert [one["slug"] for one in lock.values()] == [slug, slug]


def test_a_file_that_burnish_does_not_know_is_not_pushed_over_another_prompt(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    (shell.folder / "prompts/burnish.lock").unlink()
    edit(shell, slug, "Be brief.", "Be long.")
    assert outcome(shell, "push", slug, exits=1) == "collides"
    assert burnish.request("GET", f"/v1/prompts/{slug}")["latest_version"] == 1


def test_diff_shows_what_a_push_would_change(shell: Shell, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    assert shell("prompts", "diff", slug).stdout == ""
    edit(shell, slug, "Be brief.", "Be long.")
    shown = shell("prompts", "diff", slug, exits=1).stdout
    assert "-    Be brief." in shown and "+    Be long." in shown and "version 1" in shown
    assert outcome(shell, "push", slug, "--dry-run") == "would be saved" and shell("prompts", "diff", slug, exits=1).stdout == shown


def test_a_label_goes_to_what_did_not_change_and_a_trial_says_so(shell: Shell, made: Made, burnish: Burnish) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    assert outcome(shell, "push", slug, "--dry-run") == "unchanged"
    assert outcome(shell, "push", slug, "--label", "staging", "--dry-run") == "would be labelled"
    assert "staging" not in burnish.request("GET", f"/v1/prompts/{slug}")["labels"]
    assert outcome(shell, "push", slug, "--label", "staging") == "labelled"
    assert outcome(shell, "push", slug, "--label", "staging", "--dry-run") == "unchanged"


def test_a_label_that_cannot_be_is_refused_before_anything_is_saved(shell: Shell, made: Made, burnish: Burnish) -> None:
    """A trial said that the label would move, and the push saved a version before the label was refused."""
    slug = made()
    shell("prompts", "pull", slug)
    edit(shell, slug, "Be brief.", "Be long.")
    for label, why in (("NOT one", "1 to 63"), ("3", "1 to 63"), ("latest", "moves by itself")):
        for trial in (["--dry-run"], []):
            assert why in shell("prompts", "push", slug, "--label", label, *trial, exits=3).stderr
    assert burnish.request("GET", f"/v1/prompts/{slug}")["latest_version"] == 1


def test_a_label_is_written_in_any_case(shell: Shell, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    assert outcome(shell, "push", slug, "--label", "Staging") == "labelled"
    assert outcome(shell, "push", slug, "--label", "STAGING", "--dry-run") == "unchanged"


def test_diff_of_a_folder_only_names_what_has_no_file(shell: Shell, made: Made) -> None:
    """A repository may keep some prompts of a workspace: what it does not keep says nothing otherwise, and fails no check."""
    kept, elsewhere = made(), made("Say goodbye to {{name}}.")
    shell("prompts", "pull", kept)
    told = shell("prompts", "diff")
    assert told.stdout == "" and elsewhere in told.stderr and f" {kept}," not in told.stderr
    assert {one["changed"] for one in json.loads(shell("prompts", "diff", "--json").stdout)} == {"not here"}
    assert "-  content: Say goodbye" in shell("prompts", "diff", elsewhere, exits=1).stdout


def test_what_cannot_be_read_is_named_and_nothing_is_pushed(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    shell("prompts", "pull", slug)
    edit(shell, slug, "Be brief.", "Be long.")
    (shell.folder / "prompts/wrong.yaml").write_text("modle: x\n")
    refused = shell("prompts", "push", exits=2)
    assert "wrong.yaml" in refused.stderr and "modle" in refused.stderr
    assert burnish.request("GET", f"/v1/prompts/{slug}")["latest_version"] == 1
    (shell.folder / "prompts/wrong.yaml").write_text("model: simulated/chat\ntemplate: 'Hi {{name'\n")
    bad = shell("prompts", "push", "wrong", exits=3)
    assert "prompts/wrong.yaml" in bad.stderr and "never closed" in bad.stderr, "of many files, the one that was refused"
    assert "never-was" in shell("prompts", "pull", "never-was", exits=2).stderr
    (shell.folder / "prompts/burnish.lock").write_text("<<<<<<< ours\n")
    assert "burnish.lock" in shell("prompts", "pull", exits=2).stderr


def test_labels_move_by_a_command(shell: Shell, burnish: Burnish, made: Made) -> None:
    slug = made()
    save(burnish, slug, 1, "Hello {{name}}.")
    moved = shell("prompts", "label", slug, "production", "2", "-m", "shorter")
    assert "new" not in moved.stdout and moved.stderr == ""
    assert f"{slug}@prodution is version 2: a new label." in shell("prompts", "label", slug, "prodution", "2").stdout
    burnish.request("POST", f"/v1/prompts/{slug}/versions", {"base_version": 2, "model": "gpt-4o-mni"})
    assert "there is no model 'gpt-4o-mni'" in shell("prompts", "label", slug, "prodution", "3").stderr
    burnish.request("DELETE", f"/v1/prompts/{slug}/labels/prodution")
    assert burnish.request("GET", f"/v1/prompts/{slug}")["version"] == 2
    row = next(line for line in shell("prompts", "list").stdout.splitlines() if line.startswith(slug))
    assert "production=2" in row


def test_a_server_cannot_name_files_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers in place of Burnish writes into the folder of prompts, and nowhere else."""
    shell = Shell(tmp_path / "project", {"BURNISH_API_KEY": "bk_live_x", "BURNISH_CONFIG_DIR": str(tmp_path / "config")})
    shell.folder.mkdir()
    named = "../stolen"
    answer = {"id": "1", "slug": named, "version": 1, "labels": {}, "model": "m", "messages": []}
    monkeypatch.setattr(Burnish, "request", lambda *_, **__: answer)
    monkeypatch.setattr(Burnish, "list", lambda *_, **__: iter([{"slug": asked}]))
    asked: str
    for asked in ("tickets", named):  # noqa: B007 the list above tells it
        refused = shell("prompts", "pull", exits=2)
        assert f"'{named}' is no slug" in refused.stderr
    assert list(tmp_path.rglob("*")) == [shell.folder]
