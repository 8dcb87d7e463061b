"""`burnish demo` against a whole installation: the loop closes, what it tells can be looked up, and it stops in order."""

import json
import os
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.installation import BURNISH, Installation, await_value

pytestmark = pytest.mark.capability("I2")

TOLD = (
    "feedback.threshold_reached",
    "alert.raised",
    "test_run.completed",
    "optimization.completed",
    "suggestion.created",
    "suggestion.accepted",
    "prompt.version.created",
    "prompt.label.moved",
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("demo") / "home")
    installation.up()
    yield installation
    installation.down()
    shutil.rmtree(installation.home, ignore_errors=True)


def fetch(installation: Installation, path: str) -> Any:
    request = urllib.request.Request(
        installation.connection["url"] + path, headers={"Authorization": f"Bearer {installation.connection['api_key']}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def demo(installation: Installation, *words: str) -> dict[str, Any]:
    finished = installation.run("demo", "--json", *words)
    assert finished.returncode == 0, finished.stderr
    result: dict[str, Any] = json.loads(finished.stdout)
    return result


@pytest.mark.capability("E1", "F1", "A4", "D1", "D2", "O1", "O4", "O6", "P3", "W2", "W3")
@pytest.mark.promise("O-05")
def test_the_loop_closes_and_everything_that_is_told_can_be_looked_up(running: Installation) -> None:
    told = demo(running, "--evaluations", "1500")
    assert told["outcome"] == "improved" and told["simulated"] is True, told
    assert told["n"] == 198 and told["ci_low"] > 0 and told["p_value"] <= 0.025
    assert told["delta"] == pytest.approx(told["accuracy_after"] - told["accuracy_before"], abs=1e-5)

    counted = told["recounted_from_executions"]
    assert counted["executions"] == 396 and counted["correct_after"] - counted["correct_before"] == counted["fixed"] - counted["broken"]
    assert told["accuracy_after"] == pytest.approx(counted["correct_after"] / 198, abs=1e-5)
    assert told["executions"]["evaluations"] <= 1500

    job = fetch(running, f"/v1/optimizations/{told['optimization_id']}")
    assert (job["outcome"], job["suggestion_id"], job["test"]["delta"]) == ("improved", told["suggestion_id"], told["delta"])
    assert fetch(running, f"/v1/suggestions/{told['suggestion_id']}")["status"] == "accepted"
    assert fetch(running, f"/v1/alerts/{told['alert_id']}")["prompt"] == told["prompt"]
    assert fetch(running, f"/v1/prompts/{told['prompt']}?label=production")["version"] == told["version"] == 2
    assert all(fetch(running, path) for path in told["fetch"])

    before, after = told["feedback"]["before"], told["feedback"]["after"]
    assert before["executions"] == after["executions"] == 120
    assert before["reactions"] == before["thumbs_up"] + before["thumbs_down"] >= 50
    deliveries = told["deliveries"]
    assert (deliveries["refused"], set(deliveries["by_type"]) >= set(TOLD)) == (0, True), deliveries
    for one in deliveries["ids"]:
        path = f"/v1/webhooks/deliveries/{one['webhook_id']}"
        assert fetch(running, path)["event_type"] == one["type"]
        # That it came is booked once its answer was read, a moment after the receiver has it.
        await_value(lambda path=path: fetch(running, path)["status"] == "delivered", what=f"{path} to be delivered")
    assert {one["status"] for one in fetch(running, "/v1/webhooks/endpoints")["data"]} == {"paused"}
    assert fetch(running, "/v1/marketplace?mine=true")["data"][0]["slug"] == told["prompt"]
    assert fetch(running, f"/v1/reports/{told['report_id']}")["target"] == told["prompt"]
    assert told["budget_id"] in {one["id"] for one in fetch(running, "/v1/budgets")["data"]}


@pytest.mark.capability("O4")
def test_a_second_run_has_a_prompt_of_its_own_and_nothing_is_shipped_where_nothing_is_learnt(running: Installation, tmp_path: Path) -> None:
    words = ("--evaluations", "828", "--seed", "7", "--data", str(_of_another_kind(tmp_path / "tickets.jsonl")))
    first, second = demo(running, *words), demo(running, *words)
    assert first["prompt"] == "from-tickets" and second["prompt"].startswith("from-tickets-")
    for told in (first, second):
        assert (told["outcome"], told["suggestion_id"], told["accuracy_after"]) == ("no_improvement", None, None)
        assert fetch(running, f"/v1/prompts/{told['prompt']}")["version"] == 1


def _of_another_kind(file: Path) -> Path:
    """The demo's tickets, but validation and test all belong to a queue that no train item has: nothing that is learnt helps there."""
    tickets = map(json.loads, (files("burnish_shared.samples") / "support_routing.jsonl").read_text("utf-8").splitlines())
    told = [one if one["split"] == "train" else one | {"expected": "unheard_of"} for one in tickets]
    file.write_text("".join(json.dumps(one) + "\n" for one in told), "utf-8")
    return file


@pytest.mark.capability("O1")
@pytest.mark.parametrize("told_to_end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_cancels_the_search_and_pauses_the_endpoint(running: Installation, told_to_end: signal.Signals) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = (*BURNISH, "demo", "--json", "--seed", "3", "--evaluations", "20000", "--home", str(running.home))
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environment, preexec_fn=_hear_ctrl_c, **pipes)  # noqa: PLW1509 - no threads here
    try:
        job_id = await_value(lambda: _running_job(running), what="the search to run")
        process.send_signal(told_to_end)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130 and "was cancelled" in said, said
    await_value(lambda: fetch(running, f"/v1/optimizations/{job_id}")["status"] == "cancelled", what="the job to be cancelled")
    assert {one["status"] for one in fetch(running, "/v1/webhooks/endpoints")["data"]} == {"paused"}


def test_without_an_installation_it_says_how_to_start_one(tmp_path: Path) -> None:
    finished = Installation(tmp_path / "nowhere").run("demo")
    assert finished.returncode == 1
    assert "burnish up" in finished.stderr and "Traceback" not in finished.stderr


def test_a_budget_that_is_too_small_to_begin_is_refused_before_anything_is_made(running: Installation) -> None:
    finished = running.run("demo", "--evaluations", "827")
    assert finished.returncode == 1
    assert "--evaluations 828 is the least" in finished.stderr and "Traceback" not in finished.stderr


def test_a_file_that_is_none_is_refused_before_anything_is_made(running: Installation, tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text('{"input": "no split", "expected": "a"}\n')
    finished = running.run("demo", "--data", str(file))
    assert finished.returncode == 1
    assert "line 1" in finished.stderr and "Traceback" not in finished.stderr


def _hear_ctrl_c() -> None:
    """What a shell without job control starts in the background ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _running_job(installation: Installation) -> str | None:
    jobs = fetch(installation, "/v1/optimizations?status=running")["data"]
    return str(jobs[0]["id"]) if jobs and jobs[0]["progress"].get("evaluations") else None
