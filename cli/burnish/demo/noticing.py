"""First half of the loop: a prompt is served, people react, Burnish notices."""

from collections.abc import Sequence
from typing import Any, Final

from rich.markup import escape

from burnish.demo.api import Refused
from burnish.demo.failure import DemoFailed
from burnish.demo.screen import percent, shortened
from burnish.demo.stage import Stage
from burnish.demo.tickets import Ticket
from burnish.demo.traffic import TEMPERATURE, Served, drive, satisfaction

MIN_SAMPLES: Final = 50
"""Reactions before the alert may speak; of 120 users about 72 react. The product's own default is 100."""

ALERT_PATIENCE_S: Final = 30.0
WEBHOOK_PATIENCE_S: Final = 30.0
SLUGS_MOST: Final = 1_000

SUBSCRIBED: Final = ("prompt.*", "feedback.threshold_reached", "alert.*", "test_run.*", "optimization.*", "suggestion.*")
"""Everything that the loop causes, but not each single reaction."""


async def publish(stage: Stage) -> None:
    """A fresh prompt with the weak text and its alert rule, and an endpoint that is told of its events."""
    tickets, screen = stage.tickets, stage.screen
    stage.slug = await _free_slug(stage)
    endpoint = await stage.api.post(
        "/v1/webhooks/endpoints", {"url": stage.receiver.url, "events": list(SUBSCRIBED), "filters": {"prompts": [stage.slug]}}
    )
    stage.receiver.secret, stage.endpoint_id = endpoint["secret"], endpoint["id"]
    await stage.api.post("/v1/prompts", {**tickets.weak, "slug": stage.slug, "name": f"Demo: {tickets.name}"})
    await stage.api.put(f"/v1/alert-rules/{stage.slug}", {"min_samples": MIN_SAMPLES})
    stage.result |= {"prompt": stage.slug, "base_version": 1, "webhook_endpoint_id": stage.endpoint_id}
    screen.say(f"prompt [bold]{escape(stage.slug)}[/bold], version 1, label production; {tickets.weak_is_from}:")
    for line in tickets.weak["messages"][0]["content"].splitlines():
        if line.strip():
            screen.say(f"  [dim]{escape(shortened(line, 96))}[/dim]")
    screen.say(f"model {escape(tickets.weak['model'])}, a toy that knows the text of its prompt and nothing else")
    screen.say(f"alert rule: after {MIN_SAMPLES} reactions · webhooks of this prompt go to {stage.receiver.url}")


async def serve(stage: Stage, tickets: Sequence[Ticket], *, version: int, key: str, first: int) -> list[Served]:
    """Traffic through the label, the reactions to it, and what Burnish counted; `key` names it in the result."""
    served = await drive(stage.api, stage.slug, tickets, seed=stage.plan.seed, first=first)
    figures = await satisfaction(stage.api, stage.slug, version, served)
    figures["correct"] = sum(one.is_right for one in served)
    stage.result["feedback"][key] = figures
    stage.result["executions"][f"traffic_{key}"] = figures["executions"]
    stage.screen.say(
        f"{figures['executions']} executions at temperature {TEMPERATURE}: {figures['reactions']} people reacted, "
        f"👍 {figures['thumbs_up']}  👎 {figures['thumbs_down']}, {figures['comments']} with a comment"
    )
    stage.screen.say(
        f"satisfaction [bold]{percent(figures['satisfaction'])}[/bold] "
        f"(95 % interval {percent(figures['satisfaction_low'])} to {percent(figures['satisfaction_high'])})"
    )
    return served


def show_complaints(stage: Stage, served: Sequence[Served], *, most: int) -> None:
    """A few unhappy users with what they saw and what they wrote."""
    complaints = [one for one in served if one.comment and one.thumb == "down"][:most]
    rows = [(shortened(one.ticket.text, 40), shortened(one.output, 22), shortened(one.comment or "", 38)) for one in complaints]
    stage.screen.table(("ticket", "answered", "comment"), rows, left=3)


async def await_alert(stage: Stage, served: Sequence[Served]) -> None:
    """The alert, and the webhooks that tell of it. Raises DemoFailed when it is not raised in time."""

    def raised(page: Any) -> dict[str, Any] | None:
        return next((alert for alert in page["data"] if alert["kind"] == "feedback_threshold"), None)

    thumbs = sum(one.thumb is not None for one in served)
    what = f"an alert after {thumbs} reactions (of {MIN_SAMPLES} that it takes)"
    alert = await stage.api.until("/v1/alerts", raised, what=what, patience_s=ALERT_PATIENCE_S, prompt=stage.slug)
    told = {"alert_id": alert["id"]}
    await stage.receiver.wait_for(("feedback.threshold_reached", told), ("alert.raised", told), patience_s=WEBHOOK_PATIENCE_S)
    stage.result |= {"alert_id": alert["id"], "alert": {name: alert[name] for name in ("kind", "metric", "summary", "raised_at")}}
    stage.screen.say(f"alert {alert['id']}")
    stage.screen.say(escape(alert["summary"]))
    stage.show_deliveries()


async def _free_slug(stage: Stage) -> str:
    """A prompt of its own for each run, so that nothing of an earlier one helps or hinders: `support-routing`, `support-routing-2`, …"""
    for number in range(1, SLUGS_MOST):
        slug = stage.tickets.slug if number == 1 else f"{stage.tickets.slug}-{number}"
        try:
            await stage.api.get(f"/v1/prompts/{slug}")
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return slug
    raise DemoFailed(f"{SLUGS_MOST} prompts of earlier demos are there already; use another home.")
