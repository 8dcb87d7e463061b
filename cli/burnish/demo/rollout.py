"""The end of the loop: the label moves, everybody is told, and the better prompt is served."""

from collections.abc import Mapping
from typing import Any, Final

from rich.markup import escape

from burnish.demo.failure import DemoFailed
from burnish.demo.recount import Recount
from burnish.demo.screen import percent, points
from burnish.demo.stage import Stage

WEBHOOK_PATIENCE_S: Final = 30.0
FETCHABLE: Final = {
    "alert_id": "/v1/alerts/",
    "test_run_id": "/v1/test-runs/",
    "optimization_id": "/v1/optimizations/",
    "suggestion_id": "/v1/suggestions/",
    "dataset_id": "/v1/datasets/",
}


async def accept(stage: Stage, suggestion_id: str) -> int:
    """Accepts, and looks that production really moved. Returns the new version. Raises DemoFailed when a webhook does not come."""
    accepted = await stage.api.post(f"/v1/suggestions/{suggestion_id}/accept", {"label": "production"})
    version = int(accepted["version"])
    placed = await stage.api.get(f"/v1/prompts/{stage.slug}/labels/production")
    if placed["version"] != version:
        raise DemoFailed(f"production names version {placed['version']} although version {version} was accepted.")
    stage.result |= {"version": version, "label": "production"}
    stage.screen.say(f"{escape(stage.slug)}@production: version 1 → [bold]version {version}[/bold]; version 1 stays in the history")
    await stage.receiver.wait_for(
        ("test_run.completed", {"test_run_id": stage.result["test_run_id"]}),
        ("suggestion.created", {"suggestion_id": suggestion_id}),
        ("optimization.completed", {"suggestion_id": suggestion_id}),
        ("suggestion.accepted", {"suggestion_id": suggestion_id}),
        ("prompt.version.created", {"version": version}),
        ("prompt.label.moved", {"version": version}),
        patience_s=WEBHOOK_PATIENCE_S,
    )
    stage.show_deliveries()
    return version


async def compare_satisfaction(stage: Stage, version: int) -> None:
    """Traffic before and after, as Burnish counted it, and whether the new version is good enough for the rule."""
    before, after = stage.result["feedback"]["before"], stage.result["feedback"]["after"]
    stage.screen.say(
        f"satisfaction {percent(before['satisfaction'])} → [bold]{percent(after['satisfaction'])}[/bold]; "
        f"answered right {before['correct']} of {before['executions']} → {after['correct']} of {after['executions']}"
    )
    alerts = (await stage.api.get("/v1/alerts", prompt=stage.slug))["data"]
    again = next((alert for alert in alerts if alert["version"] == version), None)
    stage.result["alert_after_id"] = again["id"] if again else None
    if again:
        stage.screen.say("Better is not good: the new version is below the target too, and Burnish has raised an alert for it as well.")


async def settle(stage: Stage) -> None:
    """Waits until the delivery log tells the same as the receiver and has nothing open. Raises DemoFailed when that does not happen."""

    def agrees(page: Any) -> bool | None:
        delivered = {one["id"] for one in page["data"] if one["status"] == "delivered"}
        is_open = any(one["status"] == "pending" for one in page["data"])
        return True if not is_open and delivered == set(stage.receiver.deliveries) else None

    query = {"endpoint_id": stage.endpoint_id, "limit": 200}
    what = "the delivery log to agree with what came in"
    await stage.api.until("/v1/webhooks/deliveries", agrees, what=what, patience_s=WEBHOOK_PATIENCE_S, **query)


def close(stage: Stage, counted: Recount | None, *, total_s: float) -> None:
    """The last of the result, and what these numbers are and are not."""
    result, screen, receiver = stage.result, stage.screen, stage.receiver
    deliveries = list(receiver.deliveries.values())
    result["deliveries"] = {
        "verified": len(deliveries),
        "refused": receiver.refused,
        "repeated": receiver.repeats,
        "by_type": receiver.counts(),
        "ids": [{"type": one.type, "webhook_id": one.id} for one in deliveries],
    }
    result["fetch"] = [f"/v1/prompts/{stage.slug}", *(path + result[name] for name, path in FETCHABLE.items() if result.get(name))]
    result["fetch"] += [f"/v1/webhooks/deliveries/{one.id}" for one in deliveries[:1]]
    result["durations_s"]["total"] = round(total_s, 2)

    screen.step("Before you believe it")
    screen.say("• The model and the users are simulated: no figure here is one of a real model. The machinery around them is the real one.")
    if counted is not None and counted.fixed:
        screen.say(
            f"• Of the {len(counted.fixed)} tickets won, {counted.fixed_by_form} had been answered with a sentence instead of a label "
            f"({counted.chatter_before} such answers before, {counted.chatter_after} now). That part of the gain is one line about the "
            "form of the answer; the rest is what the labels mean."
        )
    if stage.slug != stage.tickets.slug:
        screen.say(
            "• This demo ran here before. The test tickets are new to each search, but not to whoever picks the best of several runs."
        )
    if result.get("version"):
        screen.say("• Traffic is drawn from tickets that the search has seen; the figure to believe is the one of the test split.")
    screen.say(
        f"• {len(deliveries)} webhooks came, {receiver.refused} with a wrong signature; the delivery log agrees. {total_s:.0f} s in all."
    )
    screen.say("Look it up, with KEY as `burnish up` shows it:")
    for path in result["fetch"]:
        screen.raw(f'curl -s -H "Authorization: Bearer $KEY" {stage.api.url}{path}')
    result["summary"] = _summary(result)
    screen.say(f"\n[bold]{escape(result['summary'])}[/bold]")


def _summary(result: Mapping[str, Any]) -> str:
    """All of it in one paragraph."""
    if result.get("version") is None:
        return f"The loop ran and shipped nothing: {result['outcome']} ({result['finish_reason']})."
    before, after = result["feedback"]["before"], result["feedback"]["after"]
    return (
        f"{percent(result['accuracy_before'])} → {percent(result['accuracy_after'])} right on {result['n']} tickets unseen by the search "
        f"({points(result['delta'])} points, interval {points(result['ci_low'])} to {points(result['ci_high'])}), "
        f"satisfaction {percent(before['satisfaction'])} → {percent(after['satisfaction'])}, {result['deliveries']['verified']} webhooks "
        "verified; simulated model and users."
    )
