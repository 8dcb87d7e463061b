"""An arm that is a model wins: a version that has the model gets the label, since labels name versions (PRODUCT X4)."""

from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.experiments import lifecycle
from burnish_shared.errors import LabelProtected
from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import books
from tests.integration.experiments.crowd import crowd
from tests.integration.experiments.lives import SLUG, ask, body, drafted, read, started, two_versions

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("X4")]

WRITER = "simulated/writer"
ARMS = [{"name": "control", "label": "production"}, {"name": "other", "model": WRITER}]


async def version_of(caller: Caller, version: int) -> Any:
    answer = await caller("GET", f"/v1/prompts/{SLUG}/versions/{version}")
    assert answer.status == 200, answer.body
    return answer.body


async def decided(caller: Caller, experiment: str, **more: Any) -> Any:
    answer = await caller("POST", f"/v1/experiments/{experiment}/decide", {"winner": "other", "reason": "cheaper", **more})
    assert answer.status == 200, answer.body
    return answer.body


async def promotions(caller: Caller, experiment: str) -> int:
    """How often the audit log says that it was promoted."""
    entries = (await caller("GET", "/v1/audit?object_kind=experiment&limit=100")).body["data"]
    return sum(one["action"] == "experiment.promoted" and one["object_id"] == experiment for one in entries)


async def refused(caller: Caller, experiment: str, *, version: int) -> None:
    """Promoting is answered with what lacks, which stays to be read. Who asks again hears the same, and is in the audit log once."""
    await caller("POST", f"/v1/experiments/{experiment}/promote")
    before = await promotions(caller, experiment)
    answer = await caller("POST", f"/v1/experiments/{experiment}/promote")
    assert await promotions(caller, experiment) == before
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["param"]) == (409, "label_protected", "version"), answer.body
    assert answer.body["error"]["details"]["lacking"] == ["approval"] and answer.body["error"]["details"]["version"] == version
    promotion = (await read(caller, experiment))["promotion"]
    assert (promotion["state"], promotion["version"], promotion["why"]) == ("refused", version, answer.body["error"]["message"])


async def saved(caller: Caller, **content: Any) -> int:
    answer = await caller("POST", f"/v1/prompts/{SLUG}/versions", content)
    assert answer.status == 201, answer.body
    return int(answer.body["version"])


async def placed(caller: Caller, version: int) -> None:
    answer = await caller("PUT", f"/v1/prompts/{SLUG}/labels/production", {"version": version})
    assert answer.status == 200, answer.body


async def test_a_model_that_was_chosen_by_hand_becomes_a_version_that_everybody_gets(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(arms=ARMS))
    over = await decided(caller, experiment)
    promotion = over["promotion"]
    assert (promotion["state"], promotion["from_version"], promotion["version"]) == ("moved", 1, 3)
    first, made = await version_of(caller, 1), await version_of(caller, 3)
    assert (made["model"], made["messages"], made["base_version"]) == (WRITER, first["messages"], 1)
    assert made["message"] == f"{WRITER} won the experiment 'Shorter'"
    answer = await ask(caller, "anybody")
    assert (answer.body["model"], answer.body["version"], answer.body["label"]) == (WRITER, 3, "production")
    entries = (await caller("GET", "/v1/audit?object_kind=prompt&limit=100")).body["data"]
    assert [
        one["after"]["experiment_id"] for one in entries if one["action"] == "prompt.version.created" and "experiment_id" in one["after"]
    ] == [experiment]
    async with crowd(stack, caller, experiment, seed=1) as some:
        [over_event] = [one for one in await some.events() if one.type == "experiment.decided"]
        assert over_event.data["winner_version"] == 3 and over_event.data["label_moved"] is True
    history = (await caller("GET", f"/v1/prompts/{SLUG}/versions")).body["data"]
    assert [one["version"] for one in history] == [3, 2, 1], "who lost stays in the history"


async def test_one_that_is_offered_waits_and_is_promoted_once(caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(arms=ARMS))
    over = await decided(caller, experiment, move_label=False)
    assert over["promotion"]["state"] == "not_wanted" and (await ask(caller, "anybody")).body["model"] == "simulated/chat"
    for state in ("moved", "stood_there"):
        promoted = await caller("POST", f"/v1/experiments/{experiment}/promote")
        assert (promoted.status, promoted.body["promotion"]["state"], promoted.body["promotion"]["version"]) == (200, state, 3)
    assert (await ask(caller, "anybody")).body["model"] == WRITER


async def test_a_version_that_has_the_model_already_gets_the_label_itself(caller: Caller) -> None:
    await two_versions(caller)
    made = await caller(
        "POST", f"/v1/prompts/{SLUG}/versions", {"model": WRITER, "base_version": 2, "messages": (await version_of(caller, 1))["messages"]}
    )
    assert made.status == 201 and made.body["version"] == 3, made.body
    over = await decided(caller, await started(caller, body(arms=ARMS)))
    assert (over["promotion"]["state"], over["promotion"]["version"]) == ("moved", 3)
    assert (await caller("GET", f"/v1/prompts/{SLUG}/versions/4")).status == 404


@pytest.mark.parametrize(("spare", "left"), [([WRITER], []), ([WRITER, "simulated/judge"], ["simulated/judge"])])
async def test_a_model_that_stood_in_for_another_stands_in_for_itself_no_more(caller: Caller, spare: list[str], left: list[str]) -> None:
    await two_versions(caller)
    with_spare = await caller("POST", f"/v1/prompts/{SLUG}/versions", {"fallback_models": spare, "base_version": 2})
    assert with_spare.status == 201 and with_spare.body["version"] == 3, with_spare.body
    moved = await caller("PUT", f"/v1/prompts/{SLUG}/labels/production", {"version": 3})
    assert moved.status == 200, moved.body
    over = await decided(caller, await started(caller, body(arms=ARMS)))
    assert (over["promotion"]["state"], over["promotion"]["version"]) == ("moved", 4), over["promotion"]
    made = await version_of(caller, 4)
    assert made["model"] == WRITER and (made.get("fallback_models") or []) == left


async def test_a_label_that_somebody_moved_meanwhile_stays_and_nothing_is_saved_for_it(caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(arms=ARMS))
    effects = await caller("GET", f"/v1/prompts/{SLUG}/labels/production/effects?version=2")
    moved = await caller("PUT", f"/v1/prompts/{SLUG}/labels/production", {"version": 2})
    assert (effects.status, moved.status) == (200, 200), (effects.body, moved.body)
    named = [(one["id"], one["kind"], one["status"]) for one in moved.body["experiments"]]
    assert named == [(experiment, "ab", "running")] and effects.body["experiments"] == moved.body["experiments"]
    over = await decided(caller, experiment)
    assert over["promotion"]["state"] == "refused" and "somebody moved it meanwhile" in over["promotion"]["why"]
    assert (await caller("GET", f"/v1/prompts/{SLUG}/versions/3")).status == 404


async def test_a_protected_label_gets_the_model_when_its_version_is_approved(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(arms=ARMS))
    await books(stack, "UPDATE workspaces SET protected_labels = '{production}' WHERE workspace_id = $1", caller.workspace.workspace_id)
    other = await drafted(caller, body(arms=ARMS))
    checks = (await caller("GET", f"/v1/experiments/{other}/checklist")).body["checks"]
    [approval] = [one for one in checks if one["name"] == "approval"]
    assert approval["state"] == "warning" and f"a version with {WRITER} is saved" in approval["message"]
    promotion = (await decided(caller, experiment))["promotion"]
    assert (promotion["state"], promotion["version"]) == ("refused", 3) and "version 3 is not approved" in promotion["why"]
    await refused(caller, experiment, version=3)
    assert (await version_of(caller, 3))["model"] == WRITER
    await books(stack, "UPDATE workspaces SET own_approval = true WHERE workspace_id = $1", caller.workspace.workspace_id)
    for step in ("review", "review/approve"):
        answer = await caller("POST", f"/v1/prompts/{SLUG}/versions/3/{step}", {})
        assert answer.status in (200, 201), (step, answer.body)
    promoted = await caller("POST", f"/v1/experiments/{experiment}/promote")
    assert (promoted.status, promoted.body["promotion"]["state"]) == (200, "moved"), promoted.body
    assert (await ask(caller, "anybody")).body["model"] == WRITER


async def test_an_approval_that_comes_while_it_is_promoted_moves_the_label_once_per_key(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The label was protected when it was asked for, and not when what lacks was to be written down: the answer is stored as any other."""
    await two_versions(caller)
    experiment = await started(caller, body(arms=ARMS))
    await decided(caller, experiment, move_label=False)
    promote, refusals = (
        lifecycle.promote,
        [LabelProtected("Version 3 is not approved.", param="version", details={"lacking": ["approval"]})],
    )

    async def too_early(*given: Any, **named: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return await promote(*given, **named)

    monkeypatch.setattr(lifecycle, "promote", too_early)
    before, path, key = await promotions(caller, experiment), f"/v1/experiments/{experiment}/promote", {"idempotency-key": "once"}
    first = await caller("POST", path, headers=key)
    assert (first.status, first.body["promotion"]["state"], refusals) == (200, "moved", []), first.body
    again = await caller("POST", path, headers=key)
    assert (again.raw, again.headers["idempotent-replayed"]) == (first.raw, "true")
    assert await promotions(caller, experiment) == before + 1
    assert (await caller("GET", f"/v1/prompts/{SLUG}/versions/4")).status == 404, "its version was saved once"


async def test_it_comes_from_what_won_and_leaves_the_main_line_where_others_saved_since(caller: Caller) -> None:
    await two_versions(caller)
    await placed(caller, 2)
    experiment = await started(caller, body(name="Cheaper: writer?", arms=ARMS))
    assert await saved(caller, messages=[{"role": "user", "content": "Somebody's work on {{topic}}."}], base_version=2) == 3
    promotion = (await decided(caller, experiment))["promotion"]
    assert (promotion["state"], promotion["version"], promotion["branch"]) == ("moved", 4, "won-cheaper-writer")
    made = await version_of(caller, 4)
    assert (made["base_version"], made["messages"]) == (2, (await version_of(caller, 2))["messages"])
    prompt = (await caller("GET", f"/v1/prompts/{SLUG}")).body
    assert prompt["latest_version"] == 3, "what was saved meanwhile is still the newest of the main line"
    assert (await ask(caller, "anybody")).body["version"] == 4
    lines = {
        one["branch"]: (one["version"], one["from_version"]) for one in (await caller("GET", f"/v1/prompts/{SLUG}/branches")).body["data"]
    }
    assert lines == {"main": (3, None), "won-cheaper-writer": (4, 2)}
    assert await saved(caller, messages=[{"role": "user", "content": "More on {{topic}}."}], base_version=3) == 5, "nobody has to merge"
    again = await caller("POST", f"/v1/experiments/{experiment}/promote")
    assert (again.status, again.body["promotion"]["state"], again.body["promotion"]["branch"]) == (200, "stood_there", "won-cheaper-writer")


async def test_it_is_the_newest_where_nobody_saved_since(caller: Caller) -> None:
    await two_versions(caller)
    await placed(caller, 2)
    promotion = (await decided(caller, await started(caller, body(arms=ARMS))))["promotion"]
    assert (promotion["state"], promotion["version"], promotion["branch"]) == ("moved", 3, None)
    assert (await caller("GET", f"/v1/prompts/{SLUG}")).body["latest_version"] == 3
    assert [one["branch"] for one in (await caller("GET", f"/v1/prompts/{SLUG}/branches")).body["data"]] == ["main"]


async def test_two_experiments_of_one_name_get_branches_of_their_own(caller: Caller) -> None:
    await two_versions(caller)
    names = []
    for version, model in ((3, WRITER), (4, "simulated/judge")):
        arms = [{"name": "control", "label": "production"}, {"name": "other", "model": model}]
        promotion = (await decided(caller, await started(caller, body(arms=arms))))["promotion"]
        assert (promotion["state"], promotion["version"]) == ("moved", version), promotion
        names.append(promotion["branch"])
    assert names[0] == "won-shorter" and names[1].startswith("won-shorter-") and names[0] != names[1]


async def test_what_a_person_saved_and_labelled_meanwhile_is_known_as_what_won(caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(arms=ARMS))
    await placed(caller, await saved(caller, model=WRITER, messages=(await version_of(caller, 1))["messages"], base_version=2))
    promotion = (await decided(caller, experiment))["promotion"]
    assert (promotion["state"], promotion["version"], promotion["why"]) == ("stood_there", 3, "")
    assert (await caller("GET", f"/v1/prompts/{SLUG}/versions/4")).status == 404, "nothing is saved twice"


@pytest.mark.capability("X3")
async def test_a_rollout_whose_model_a_person_shipped_meanwhile_has_nothing_to_take_back(caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(kind="rollout", arms=ARMS, guardrails=[], rollout={"steps": [0.5, 1.0], "bake_s": 0}))
    await placed(caller, await saved(caller, model=WRITER, messages=(await version_of(caller, 1))["messages"], base_version=2))
    over = await caller("POST", f"/v1/experiments/{experiment}/rollback", {"reason": "too late"})
    assert over.status == 200 and over.body["rollout_state"] == "finished", over.body
    assert "somebody moved 'production' to the candidate" in over.body["verdict"]["sentence"]


async def test_one_that_an_older_release_said_stood_there_is_shipped(stack: Stack, caller: Caller) -> None:
    """`stood_there` with the arm's own version, while nobody got its model."""
    await two_versions(caller)
    arms = [{"name": "control", "label": "production"}, {"name": "other", "version": 2, "model": WRITER}]
    experiment = await started(caller, body(arms=arms))
    await decided(caller, experiment, move_label=False)
    await placed(caller, 2)
    await books(
        stack,
        "UPDATE experiments SET promotion = jsonb_set(promotion, '{state}', '\"stood_there\"') WHERE experiment_id = $1",
        UUID(experiment),
    )
    promoted = await caller("POST", f"/v1/experiments/{experiment}/promote")
    assert (promoted.status, promoted.body["promotion"]["state"], promoted.body["promotion"]["version"]) == (200, "moved", 3), promoted.body
    assert (await ask(caller, "anybody")).body["model"] == WRITER


async def test_a_version_that_lacks_an_approval_is_answered_like_a_model_that_does(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body(on_winner="offered"))
    over = await caller("POST", f"/v1/experiments/{experiment}/decide", {"winner": "candidate", "reason": "better", "move_label": False})
    assert over.status == 200, over.body
    await books(stack, "UPDATE workspaces SET protected_labels = '{production}' WHERE workspace_id = $1", caller.workspace.workspace_id)
    await refused(caller, experiment, version=2)


@pytest.mark.capability("X3")
async def test_a_model_that_held_at_every_step_stays(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    said = body(kind="rollout", arms=ARMS, guardrails=[], rollout={"steps": [0.5, 1.0], "bake_s": 0, "min_units": 50})
    experiment = await started(caller, said)
    async with crowd(stack, caller, experiment, seed=2) as some:
        for _ in range(20):
            await some.answer(200, {"control": 0.8, "other": 0.8})
            await some.look()
            if (await some.row("status"))["status"] == "completed":
                break
        row = await some.row("status, rollout_state, promotion")
        assert (row["status"], row["rollout_state"], row["promotion"]["state"]) == ("completed", "finished", "moved"), dict(row)
        assert await some.label() == 3 and (await version_of(caller, 3))["model"] == WRITER
        assert (await version_of(caller, 3))["author"] == "system:optimizer"
    assert (await read(caller, experiment))["verdict"]["outcome"] == "rolled_out"
