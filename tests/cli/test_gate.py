"""`burnish test`, the Action and the pytest plug-in: a change is measured with its interval, and nobody is served by it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnish_client import Burnish
from burnish_client.gate.config import BadConfig, read_config
from burnish_client.gate.measure import Check, Result
from burnish_client.gate.report import as_annotations, as_markdown, as_text
from tests.cli.conftest import Shell

pytestmark = pytest.mark.capability("K1")
ROOT = Path(__file__).parents[2]
STARTER = ROOT / "sdk/python/src/burnish_client/cli/starter"
GOOD = yaml.safe_load((STARTER / "prompts/tickets.yaml").read_text())["messages"]
BAD = "Pick the queue.\n\n- delivery: beans\n- returns: roast\n- billing: grinder\n- account_access: app"


@pytest.fixture
def gate(shell: Shell, burnish: Burnish, made: Callable[..., str]) -> Callable[..., str]:
    """`gate(baseline="production")` writes a burnish.yaml with one test of a prompt that was pulled, and returns its slug."""

    def write(**test: Any) -> str:
        slug = made(messages=GOOD, model="simulated/reader", temperature=0)
        (shell.folder / "cases.jsonl").write_text((STARTER / "tests/tickets.jsonl").read_text())
        shell("prompts", "pull", slug)
        (shell.folder / "burnish.yaml").write_text(yaml.safe_dump({"tests": [{"prompt": slug, "dataset": "cases.jsonl", **test}]}))
        return slug

    return write


def spoil(shell: Shell, slug: str) -> None:
    """The file says something worse."""
    path = shell.folder / f"prompts/{slug}.yaml"
    said = yaml.safe_load(path.read_text())
    said["messages"][0]["content"] = BAD
    path.write_text(yaml.safe_dump(said, sort_keys=False))


def test_a_change_that_is_worse_is_stopped_and_nobody_is_served_by_it(shell: Shell, burnish: Burnish, gate: Callable[..., str]) -> None:
    slug = gate(baseline="production")
    same = shell("test")
    assert "nothing to compare with" in same.stdout and "passed" in same.stdout
    spoil(shell, slug)
    before = burnish.request("GET", f"/v1/prompts/{slug}")
    found = shell("test", "--json", "--markdown", "report.md", exits=1)
    [one] = json.loads(found.stdout)["tests"]
    assert (one["passed"], one["version"], one["base_version"], one["items"]) == (False, 2, 1, 40)
    assert one["difference"]["high"] < 0 and one["low"] < one["accuracy"] < one["high"] and one["broken"]
    assert f"{100 * one['difference']['value']:+.1f} points" in one["checks"][0]["words"]
    assert "not passed" in (shell.folder / "report.md").read_text()
    now = burnish.request("GET", f"/v1/prompts/{slug}")
    assert (now["labels"], now["latest_version"]) == (before["labels"], before["latest_version"]) == ({"production": 1, "latest": 1}, 1)
    branches = burnish.request("GET", f"/v1/prompts/{slug}/branches")["data"]
    assert [one["branch"] for one in branches] == ["main"], "nothing is left behind"
    datasets = [one for one in shell.json("datasets", "list") if one["name"].startswith("cases-")]
    shell("test", exits=1)
    assert len([one for one in shell.json("datasets", "list") if one["name"].startswith("cases-")]) == len(datasets), "uploaded once"
    [pushed] = shell.json("prompts", "push")
    assert (pushed["outcome"], pushed["version"]) == ("existing", 2), "what was measured is what is pushed"
    assert burnish.request("GET", f"/v1/prompts/{slug}")["latest_version"] == 2
    assert "version 2, " in shell("test", "--at", "latest", exits=1).stdout
    assert shell("test", "--at", "production").exit_code == 0


def test_a_threshold_is_met_by_the_figure_or_surely(shell: Shell, gate: Callable[..., str]) -> None:
    slug = gate(min_accuracy=0.6)
    assert "needed: at least 60.0 %" in shell("test", slug).stdout
    config = {
        "tests": [
            {"prompt": slug, "dataset": "cases.jsonl", "min_accuracy": 0.6, "sure": sure, "name": f"{sure}"} for sure in (False, True)
        ]
    }
    (shell.folder / "burnish.yaml").write_text(yaml.safe_dump(config))
    tests = json.loads(shell("test", "--json", exits=1).stdout)["tests"]
    assert [one["passed"] for one in tests] == [True, False] and tests[1]["accuracy"] > 0.6 > tests[1]["low"]


def test_a_prompt_that_burnish_does_not_have_is_measured_too(shell: Shell, burnish: Burnish, gate: Callable[..., str]) -> None:
    slug = gate(baseline="production", min_accuracy=0.5)
    new = f"{slug}-new"
    (shell.folder / f"prompts/{slug}.yaml").rename(shell.folder / f"prompts/{new}.yaml")
    config = (shell.folder / "burnish.yaml").read_text().replace(slug, new)
    (shell.folder / "burnish.yaml").write_text(config)
    assert "has no production yet" in shell("test").stdout
    assert burnish.request("GET", f"/v1/prompts/{new}")["labels"] == {"latest": 1}
    assert shell.json("prompts", "push", new, "--dry-run")[0]["outcome"] == "would be created"
    assert shell.json("prompts", "push", new)[0]["outcome"] == "created"
    assert burnish.request("GET", f"/v1/prompts/{new}")["labels"] == {"latest": 1, "production": 1}
    burnish.request("DELETE", f"/v1/prompts/{new}/labels/production")
    assert shell.json("prompts", "push", new)[0]["outcome"] == "unchanged"
    assert burnish.request("GET", f"/v1/prompts/{new}", query={"label": "latest"})["labels"] == {"latest": 1}


def test_a_new_prompt_that_was_measured_and_edited_is_served_from_its_first_push(
    shell: Shell, burnish: Burnish, gate: Callable[..., str]
) -> None:
    slug = gate(min_accuracy=0.1)
    new = f"{slug}-new"
    (shell.folder / f"prompts/{slug}.yaml").rename(shell.folder / f"prompts/{new}.yaml")
    (shell.folder / "burnish.yaml").write_text((shell.folder / "burnish.yaml").read_text().replace(slug, new))
    shell("test")
    spoil(shell, new)
    shell("test")
    pushed = shell.json("prompts", "push", new, "--label", "staging")
    assert [(one["outcome"], one["version"]) for one in pushed] == [("created", 2)]
    assert burnish.request("GET", f"/v1/prompts/{new}", query={"label": "latest"})["labels"] == {"latest": 2, "staging": 2}


def test_open_ended_cases_are_gated_by_the_mean_score_of_evaluators(shell: Shell, burnish: Burnish, gate: Callable[..., str]) -> None:
    slug = gate()
    for name, phrase in ((f"letter {slug}", "[a-z]"), (f"zebra {slug}", "zebra")):
        burnish.request("POST", "/v1/evaluators", {"name": name, "settings": {"kind": "regex", "pattern": phrase}})
    (shell.folder / "letters.jsonl").write_text("".join(json.dumps({"input": f"Letter {n}"}) + "\n" for n in range(3)))

    def said(exits: int, **test: Any) -> dict[str, Any]:
        (shell.folder / "burnish.yaml").write_text(yaml.safe_dump({"tests": [{"prompt": slug, "dataset": "letters.jsonl", **test}]}))
        [one] = json.loads(shell("test", "--json", exits=exits).stdout)["tests"]
        return dict(one)

    assert "has no expected" in (said(3)["error"]) and "`evaluators` of a test" in said(3)["error"]
    passed = said(0, evaluators={f"Letter {slug}".upper(): 1})
    assert (passed["accuracy"], passed["low"], passed["items"]) == (None, None, 3)
    assert passed["scores"][f"LETTER {slug}".upper()] | {"id": ""} == {"id": "", "mean_score": 1.0, "scored": 3, "answers": 3}
    [check] = passed["checks"]
    assert check["words"] == f"mean score 1.000 by 'LETTER {slug.upper()}' over 3 answers; needed: at least 1.000"
    failed = said(1, evaluators={f"letter {slug}": 0.5, f"zebra {slug}": 0.5})
    assert [one["passed"] for one in failed["checks"]] == [True, False]
    nothing = said(1, evaluators=[f"letter {slug}"])
    assert "evaluators: {polite: 0.8}" in nothing["checks"][0]["words"] and "mean score 1.000" in nothing["notes"][0]
    assert "There are: " in said(3, evaluators={"never-was": 0.5})["error"]
    spoil(shell, slug)
    [compared] = said(0, evaluators=[f"letter {slug}"], baseline="production")["checks"]
    assert "points of the mean score by" in compared["words"] and compared["name"] == f"baseline:letter {slug}"
    told = as_markdown([Result(slug, slug, items=3, checks=(Check("score:a", True, "mean score 1.000"), Check("accuracy", True, "right")))])
    assert "- mean score 1.000" in told and "- right" not in told, "a table of accuracies has no place for it"


def test_a_file_without_right_answers_becomes_a_dataset_where_that_is_meant(shell: Shell, burnish: Burnish) -> None:
    (shell.folder / "open.csv").write_text("input,expected\nLetter,\nTicket,delivery\n")
    assert "--keep-blank" in shell("datasets", "upload", "open.csv", exits=2).stderr
    made = shell.json("datasets", "upload", "open.csv", "--keep-blank")["id"]
    items = burnish.request("GET", f"/v1/datasets/{made}/items")["data"]
    assert sorted((one["input"], one["expected"]) for one in items) == [("Letter", None), ("Ticket", "delivery")]


def test_a_chain_is_gated_as_burnish_has_it(shell: Shell, burnish: Burnish, gate: Callable[..., str]) -> None:
    slug = gate()
    chain = f"of-{slug}"
    steps = [{"id": "sort", "prompt": slug, "variables": {"ticket": "variables.ticket"}}]
    form = {"parameters": {"ticket": {"type": "string"}}}
    burnish.request("POST", "/v1/chains", {"slug": chain, "steps": steps, "label": "production", **form})
    worse = {"messages": [{"role": "system", "content": BAD}, GOOD[-1]], "model": "simulated/reader", "temperature": 0}
    burnish.request("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, **worse})
    changed = [steps[0] | {"prompt": f"{slug}@2"}]
    burnish.request("POST", f"/v1/chains/{chain}/versions", {"base_version": 1, "steps": changed, **form})
    test = {"chain": chain, "dataset": "cases.jsonl", "baseline": "production", "min_accuracy": 0.6}
    (shell.folder / "burnish.yaml").write_text(yaml.safe_dump({"tests": [test]}))
    [one] = json.loads(shell("test", chain, "--json").stdout)["tests"]
    assert (one["passed"], one["chain"], one["prompt"], one["version"], one["items"]) == (True, chain, "", 1, 40)
    [one] = json.loads(shell("test", "--at", "2", "--json", exits=1).stdout)["tests"]
    assert (one["passed"], one["version"], one["base_version"]) == (False, 2, 1) and one["difference"]["high"] < 0 and one["broken"]
    assert f"{chain}@2" in shell("test", "--at", "2", exits=1).stdout
    assert shell("test", "--at", "staging", exits=3).stdout.count("no label 'staging'") == 1


def test_what_cannot_be_measured_is_no_verdict(shell: Shell, gate: Callable[..., str]) -> None:
    slug = gate(min_accuracy=0.5)
    assert "not-there.yaml" in shell("test", "--config", "not-there.yaml", exits=2).stderr
    assert "no test never-was" in shell("test", "never-was", exits=2).stderr
    (shell.folder / "burnish.yaml").write_text(f"tests: [{{prompt: {slug}, dataset: not-there.jsonl}}]")
    found = shell("test", "--json", exits=3)
    assert "not-there.jsonl" in json.loads(found.stdout)["tests"][0]["error"]
    shell("test", exits=4, BURNISH_BASE_URL="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("tests: [{prompt: a}]", "dataset"),
        ("tests: [{prompt: a, dataset: b, min_acuracy: 1}]", "min_acuracy"),
        ("tests: [{prompt: a, dataset: b, min_accuracy: 80}]", "share from 0 to 1"),
        ("tests: [{prompt: a, dataset: b, max_drop: 0.1}]", "baseline"),
        ("tests: [{prompt: a, dataset: b}, {prompt: a, dataset: c}]", "twice"),
        ("tests: [{prompt: a, dataset: b, split: all}]", "split"),
        ("tests: [{chain: a}]", "dataset"),
        ("tests: [{chain: a, prompt: b, dataset: c}]", "in place of a `prompt`"),
        ("tests: [{chain: a, dataset: c, model: d}]", "leave `model` out"),
        ("tests: [{dataset: c}]", "`prompt` is lacking"),
        ("tests: [", "cannot be read"),
        ("checks: []", "checks"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, said: str, why: str) -> None:
    path = tmp_path / "burnish.yaml"
    path.write_text(said)
    with pytest.raises(BadConfig, match=why):
        read_config(path)


def test_reports_carry_no_markup_of_others(tmp_path: Path) -> None:
    case = {"input": "a | b `c` <img src=x>\n::error::no", "run_output": "x"}
    check = Check("accuracy", False, "50.0 % of 2 | are right\n::set-output::")
    one = Result("na|me", "p", 2, "the file", tmp_path / "prompts/p.yaml", 2, 0.5, 0.1, 0.9, checks=(check,), broken=(case,))
    table = as_markdown([one]).splitlines()
    assert "na\\|me" in table[4] and "50.0 %" in table[4] and "10.0 to 90.0 %" in table[4]
    assert not [line for line in [*table, *as_text([one]).splitlines()] if line.startswith("::")]
    [note] = as_annotations([one], root=str(tmp_path))
    assert note.startswith("::error file=prompts/p.yaml,line=1,title=Test gate%3A na|me::50.0 %25 of") and "\n" not in note


def test_a_run_on_github_gets_its_summary_and_marks(shell: Shell, gate: Callable[..., str], tmp_path: Path) -> None:
    """The steps of the Action, as its runner would run them."""
    action = yaml.safe_load((ROOT / "deploy/github-action/action.yml").read_text())
    assert action["runs"]["using"] == "composite" and {"config", "at", "version"} <= action["inputs"].keys()
    slug = gate(baseline="production")
    spoil(shell, slug)
    [measuring] = [step for step in action["runs"]["steps"] if step.get("id") == "gate"]
    scripts = tmp_path / "bin"
    scripts.mkdir()
    (scripts / "burnish").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m burnish_client.cli "$@"\n')
    (scripts / "burnish").chmod(0o755)
    files = {name: tmp_path / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    inputs = {name: str(one.get("default", "")) for name, one in action["inputs"].items()}
    given = {name: value.replace("${{ inputs.", "").replace(" }}", "") for name, value in measuring["env"].items()}
    environment = {name: inputs.get(value, value) for name, value in given.items()}
    environment |= {"PATH": f"{scripts}:/usr/bin:/bin", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(shell.folder)}
    environment |= {name: str(path) for name, path in files.items()}
    command = ("bash", "-e", "-o", "pipefail", "-c", measuring["run"])
    everything = os.environ | shell.environment | environment
    ran = subprocess.run(command, cwd=shell.folder, env=everything, capture_output=True, text=True, check=False, timeout=200)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert f"::error file=prompts/{slug}.yaml,line=1" in ran.stdout and "FAILED" in ran.stdout
    assert "### Prompts: the test gate is not passed" in files["GITHUB_STEP_SUMMARY"].read_text()
    assert "passed=false" in files["GITHUB_OUTPUT"].read_text()


def test_a_run_on_github_without_secrets_is_marked_with_the_reason(shell: Shell, gate: Callable[..., str], tmp_path: Path) -> None:
    gate()
    told = shell("test", exits=2, GITHUB_ACTIONS="true", BURNISH_API_KEY="", HOME=str(tmp_path))
    said, mark = told.stderr.splitlines()
    assert "pull requests of forks" in said and mark == f"::error title=burnish::{said.removeprefix('burnish: ')}"
    assert "forks" not in shell("test", exits=2, BURNISH_API_KEY="", HOME=str(tmp_path)).stderr


def test_pytest_measures_the_tests_of_the_file_and_of_the_program(shell: Shell, gate: Callable[..., str]) -> None:
    slug = gate(min_accuracy=0.6)
    (shell.folder / "test_own.py").write_text(
        f"def test_bad(burnish_gate):\n    burnish_gate('{slug}', 'cases.jsonl', min_accuracy=0.99)\n"
    )
    (shell.folder / "pytest.ini").write_text("[pytest]\n")
    command = (sys.executable, "-P", "-m", "pytest", "-p", "burnish_client.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:randomly")
    environment = os.environ | shell.environment | {"PYTEST_ADDOPTS": "", "PYTHONPATH": str(ROOT / "sdk/python/src")}

    def ran(*words: str) -> str:
        return subprocess.run(
            (*command, *words), cwd=shell.folder, env=environment, capture_output=True, text=True, check=False, timeout=200
        ).stdout

    said = ran("--burnish")
    assert "1 failed, 1 passed" in said, said
    assert "pytest_plugin.py" not in said, "what is told is the caller's line, not ours"
    assert "at least 99.0 %" in said and "burnish: the test gate" in said and "Traceback" not in said
    assert said.count(" of 40 are right (") >= 3, "every figure with its interval, in the end also those that are passed"
    assert "collected 1 item" in ran("--collect-only"), "nothing of it without --burnish"


@pytest.mark.parametrize("words", [(), ("tests",), ("tests/test_own.py",), ("tests", "tests/test_own.py::test_own")])
def test_pytest_measures_also_where_it_looks_for_tests_elsewhere(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Else `testpaths`, which many projects have, would let every change by."""
    said = _collected(tmp_path, "--burnish", *words)
    assert "GateItem p" in said and said.count("GateItem") == 1 and "test_own" in said, said


@pytest.mark.parametrize(
    "words", [(".",), ("burnish.yaml", "tests"), ("--burnish-config", "burnish.yaml"), ("burnish.yaml::p", "tests/test_own.py::test_own")]
)
def test_pytest_measures_once_what_it_finds_by_itself(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = _collected(tmp_path, "--burnish", *words)
    assert said.count("GateItem") == 1 and "test_own" in said, said


def test_pytest_measures_nothing_else_where_single_tests_are_named(tmp_path: Path) -> None:
    """Each measurement is paid for; but nobody should take silence for a gate that is passed."""
    said = _collected(tmp_path, "--burnish", "tests/test_own.py::test_own")
    assert "GateItem" not in said and "test_own" in said, said
    assert "burnish.yaml was measured, because the command names single tests" in said


def test_pytest_says_that_there_is_nothing_to_measure(tmp_path: Path) -> None:
    """A file that was named must be there; a project that uses the fixture alone has none."""
    said = _collected(tmp_path, "--burnish", "--burnish-config", "other.yaml")
    assert "there is no" in said and "other.yaml, which --burnish-config names." in said and "test_own" not in said
    (tmp_path / "burnish.yaml").unlink()
    for words in (("--burnish",), ("--burnish", "-q"), ("--burnish", "tests/test_own.py::test_own")):
        said = _of_pytest(tmp_path, *words)
        assert "1 passed" in said and f"burnish: there is no {tmp_path / 'burnish.yaml'}, so nothing of it was measured" in said, said
    assert "burnish:" not in _of_pytest(tmp_path), "nothing of it without --burnish"


def test_the_fixture_takes_what_a_file_may_say_and_nothing_else(tmp_path: Path) -> None:
    """`max_drop` without a baseline says nothing, and was passed over."""
    (tmp_path / "test_gate.py").write_text("def test_it(burnish_gate):\n    burnish_gate('p', 'd', max_drop=0.1)\n")
    assert "burnish_gate: `max_drop` needs a `baseline`." in _of_pytest(tmp_path)


def _collected(folder: Path, *words: str) -> str:
    """What pytest finds in a project whose tests have a folder of their own, beside a burnish.yaml with a test of the prompt `p`."""
    (folder / "burnish.yaml").write_text("tests:\n- prompt: p\n  dataset: d\n")
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (folder / "tests").mkdir()
    (folder / "tests/test_own.py").write_text("def test_own(): pass\n")
    return _of_pytest(folder, "--collect-only", *words)


def _of_pytest(folder: Path, *words: str) -> str:
    command = (sys.executable, "-P", "-m", "pytest", "-p", "burnish_client.pytest_plugin", "-p", "no:cacheprovider")
    environment = os.environ | {"PYTEST_ADDOPTS": "", "PYTHONPATH": str(ROOT / "sdk/python/src")}
    ran = subprocess.run((*command, *words), cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=200)
    return ran.stdout + ran.stderr


def test_a_test_may_go_by_the_gate_of_the_prompt(shell: Shell, burnish: Burnish, gate: Callable[..., str]) -> None:
    """`evaluators: gate` is whoever judges there, with the mean score that is asked for there."""
    slug = gate(evaluators="gate")
    (shell.folder / "cases.jsonl").write_text("".join(json.dumps({"input": {"ticket": f"parcel {n}"}}) + "\n" for n in range(5)))
    nobody = shell("test", exits=3)
    assert f"neither the gate of '{slug}' nor that of the workspace names an evaluator" in nobody.stdout + nobody.stderr
    name = f"says something {slug}"
    made = burnish.request("POST", "/v1/evaluators", {"name": name, "settings": {"kind": "regex", "pattern": "."}})
    burnish.request("PUT", f"/v1/prompts/{slug}/gate", {"gate_evaluator_id": made["id"], "gate_min_score": 0.5})
    found = json.loads(shell("test", "--json").stdout)["tests"][0]
    assert found["passed"] and found["accuracy"] is None, found
    assert [(one["name"], "needed: at least 0.500" in one["words"]) for one in found["checks"]] == [(f"score:{name}", True)]
