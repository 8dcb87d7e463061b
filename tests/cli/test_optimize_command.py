"""`burnish optimize` and `suggestions`: followed to the end, stopped by Ctrl-C, accepted into the files."""

import ast
import inspect
import json
import signal
from pathlib import Path

import pytest
import typer
import yaml

from burnish_client import Burnish
from burnish_client.cli.optimize import REASONS, SWITCHES, _tell_end
from burnish_gateway.optimization import decide
from tests.cli.conftest import Shell

pytestmark = pytest.mark.capability("K1", "O1")
STARTER = Path(__file__).parents[2] / "sdk/python/src/burnish_client/cli/starter"
COUNTS = {"train": 20, "validation": 10, "test": 24}


def cases(folder: Path) -> Path:
    """Some of the starter's: the fewest that a search takes."""
    rows = [json.loads(line) for line in (STARTER / "tests/tickets.jsonl").read_text().splitlines()]
    path = folder / "cases.jsonl"
    by_split = [[row for row in rows if row["split"] == split] for split in COUNTS]
    kept = [row for some, count in zip(by_split, COUNTS.values(), strict=True) for row in some[:: max(1, len(some) // count)][:count]]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept))
    return path


def better_text() -> str:
    """The starter's text, and what it lacks so that its own search finds something: the form of the answer."""
    text = yaml.safe_load((STARTER / "prompts/tickets.yaml").read_text())["messages"][0]["content"]
    return f"{text}\n\nAnswer with the name of the queue only."


@pytest.fixture
def prompt(burnish: Burnish, request: pytest.FixtureRequest) -> str:
    """A prompt that names its queues and no more."""
    slug = f"optimize-{abs(hash(request.node.name)) % 10**8}"
    text = "Pick the queue.\n\n- delivery: beans\n- returns: roast\n- billing: grinder\n- account_access: app"
    messages = [{"role": "system", "content": text}, {"role": "user", "content": "{{ticket}}"}]
    burnish.request("POST", "/v1/prompts", {"slug": slug, "messages": messages, "model": "simulated/reader", "temperature": 0})
    return slug


def test_what_it_calls_otherwise_is_what_the_api_says() -> None:
    """A refusal in other words would name a field of a body to a person at a shell again."""
    said = [
        one.value for one in ast.walk(ast.parse(inspect.getsource(decide))) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    for words, switch in SWITCHES.items():
        assert any(words in one for one in said), words
        assert "--" in switch


def test_a_search_is_forecast_started_and_followed(shell: Shell, burnish: Burnish, prompt: str) -> None:
    cases(shell.folder)
    given = (prompt, "--dataset", "cases.jsonl", "--evaluations", "400", "--seed", "1")
    plan = shell.json("optimize", *given, "--forecast")
    assert plan["forecast"]["evaluations"] <= 400 and plan["least_evaluations"] == 36 + 4 * 10 + 2 * 24
    assert "evaluations" in shell("optimize", *given, "--forecast").stdout
    refused = shell("optimize", prompt, "--dataset", "cases.jsonl", "--evaluations", "60", exits=3)
    assert "[budget.evaluations]" in refused.stderr
    started = shell.json("optimize", *given)
    followed = shell.start("optimization", started["id"], "--json")
    out, _ = followed.communicate(timeout=240)
    job = json.loads(out)
    ends = 0 if job["outcome"] == "improved" else 1
    assert job["status"] == "completed" and followed.returncode == ends
    spent = f"It made {job['progress']['evaluations']} evaluations and spent $"
    assert spent in shell("optimization", started["id"], exits=ends).stdout, "whatever came of it"


def test_a_search_that_found_nothing_says_why(shell: Shell, burnish: Burnish, prompt: str) -> None:
    dataset = shell.json("datasets", "upload", str(STARTER / "tests/tickets.jsonl"))["id"]
    body = {"prompt": prompt, "dataset_id": dataset, "method": "manual", "manual": {"candidates": ["Say hello."]}, "seed": 1}
    job = burnish.request("POST", "/v1/optimizations", body | {"budget": {"evaluations": 600}})
    words = shell("optimization", job["id"], exits=1).stdout
    ended = burnish.request("GET", f"/v1/optimizations/{job['id']}")
    assert (ended["status"], ended["outcome"]) == ("completed", "no_improvement")
    assert "Nothing better was proven." in words and REASONS[ended["finish_reason"]] in words


TEST = {
    "n": 56, "baseline": 0.518, "candidate": 0.75, "delta": 0.232, "ci_low": 0.011, "ci_high": 0.422, "confidence": 0.996667,
    "look": 5, "p_value": 0.0022, "alpha": 0.00167,
}  # fmt: skip
JOB = {"status": "completed", "outcome": "no_improvement", "finish_reason": "not_proven_on_test", "progress": {}, "test": TEST}


def test_a_gain_that_a_later_look_does_not_prove_says_how_sure_it_had_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    """An interval above zero beside "nothing was proven" is a riddle, and another seed is another look."""
    with pytest.raises(typer.Exit):
        _tell_end(dict(JOB), as_json=False)
    told = capsys.readouterr().out
    assert "+23.2 points (99.7 % interval +1.1 to +42.2)." in told
    assert "Look 5 at these test items: p is 0.0022, and had to be at most 0.0017. Each look must be surer than the one before" in told
    with pytest.raises(typer.Exit):
        _tell_end(JOB | {"test": TEST | {"look": 1, "p_value": 0.04, "alpha": 0.025}}, as_json=False)
    assert "p is 0.04, and had to be at most 0.025." in capsys.readouterr().out
    _tell_end(JOB | {"outcome": "improved", "test": TEST | {"p_value": 0.001}}, as_json=False)
    assert "had to be" not in capsys.readouterr().out


def test_a_search_from_feedback_asks_for_no_dataset(shell: Shell, prompt: str) -> None:
    assert "corrected or liked" in shell("optimize", prompt, "--from-feedback", "--forecast", exits=3).stderr
    for both_or_none in ((), ("--from-feedback", "--dataset", "cases.jsonl")):
        assert "one of them" in shell("optimize", prompt, *both_or_none, exits=2).stderr


def test_a_proven_gain_is_told_with_its_interval_and_taken_into_the_file(shell: Shell, burnish: Burnish, prompt: str) -> None:
    dataset = shell.json("datasets", "upload", str(STARTER / "tests/tickets.jsonl"))["id"]
    good = better_text()
    body = {"prompt": prompt, "dataset_id": dataset, "method": "manual", "manual": {"candidates": [good]}, "seed": 1}
    job = burnish.request("POST", "/v1/optimizations", body | {"budget": {"evaluations": 600}})
    words = shell("optimization", job["id"]).stdout
    assert "proven" in words and "interval" in words and "points" in words and "simulated" in words
    [row] = shell.json("suggestions", "list", "-p", prompt)
    assert row["id"] in words
    shown, test = shell("suggestions", "show", row["id"]).stdout, burnish.request("GET", f"/v1/suggestions/{row['id']}")["evidence"]["test"]
    assert f"suggestions accept {row['id']}" in shown and "interval" in shown and "cost" in shown and "simulated" in shown
    assert f"On {test['n']} test items" in shown and f"{test['fixed']} fixed, {test['broken']} broken" in shown
    shell("prompts", "pull", prompt)
    burnish.request("POST", f"/v1/prompts/{prompt}/versions", {"base_version": 1, "max_tokens": 60})
    burnish.request("PUT", f"/v1/prompts/{prompt}/labels/production", {"version": 2})
    refused = shell("suggestions", "accept", row["id"], exits=3).stderr
    assert "conflict" in refused and "accept with --force." in refused, "it was measured against version 1"
    accepted = shell.json("suggestions", "accept", row["id"], "--force")
    assert accepted["version"] == 3 and burnish.request("GET", f"/v1/prompts/{prompt}")["labels"]["production"] == 3
    [pulled] = shell.json("prompts", "pull", prompt)
    assert (pulled["outcome"], pulled["version"]) == ("updated", 3)
    over = shell("suggestions", "show", row["id"]).stdout
    assert "Accepted as version 3; production moved to it." in over and "suggestions accept" not in over


def test_a_suggestion_is_rolled_out_and_it_is_said_that_it_will_come_back(shell: Shell, burnish: Burnish, prompt: str) -> None:
    dataset = shell.json("datasets", "upload", str(STARTER / "tests/tickets.jsonl"))["id"]
    good = better_text()
    long = good + "\n" + "Read the whole ticket twice before you answer it.\n" * 40
    body = {"prompt": prompt, "dataset_id": dataset, "method": "manual", "manual": {"candidates": [long]}, "seed": 1}
    job = burnish.request("POST", "/v1/optimizations", body | {"budget": {"evaluations": 600}})
    shell("optimization", job["id"])
    [row] = shell.json("suggestions", "list", "-p", prompt)
    assert "it will be taken back" in shell("suggestions", "show", row["id"]).stdout
    done = shell("suggestions", "accept", row["id"], "--rollout")
    assert "it will be taken back" in done.stderr and "a guarded rollout began: " in done.stdout
    assert burnish.request("GET", f"/v1/prompts/{prompt}")["labels"]["production"] == 1
    assert "Its rollout: " in shell("suggestions", "show", row["id"]).stdout


def test_ctrl_c_stops_the_search_that_is_watched(shell: Shell, burnish: Burnish, prompt: str) -> None:
    cases(shell.folder)
    watching = shell.start("optimize", prompt, "--dataset", "cases.jsonl", "--evaluations", "20000", "--seed", "2", "--watch")
    try:
        assert watching.stderr is not None
        started = watching.stderr.readline()
        assert started.startswith("Started ")
    finally:
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=120)
    job = burnish.request("GET", f"/v1/optimizations/{started.split()[1].rstrip(';')}")
    assert (watching.returncode, job["status"]) == (130, "cancelled"), errors
    assert "Cancelling" in errors and "is cancelled" in errors


def test_a_suggestion_is_turned_down_with_a_reason(shell: Shell) -> None:
    refused = shell("suggestions", "reject", "01a1fc2b-13b1-71b2-bf97-cca646c6a24b", "-m", "too long", exits=3)
    assert "not_found" in refused.stderr
    assert shell("suggestions", "list", "-p", "never-was").stderr.startswith("There are no suggestions")
