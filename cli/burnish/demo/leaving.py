"""What stays for whoever looks around afterwards: each thing is used by the demo, or does no harm."""

from typing import Final

from burnish.demo.stage import Stage

BUDGET_NUSD: Final = 1_000_000_000
"""One dollar a day; the demo spends some cents of it. It warns and refuses nothing."""

PAUSED: Final = "The receiver of the demo. It ended with it, so this endpoint is paused; what it was sent stays to look at."
EXAMPLE: Final = "Where is my parcel? It should have been here on Tuesday."


async def leave(stage: Stage) -> None:
    """A budget that warns, the prompt in the library of the organization, and a report of it. Raises DemoFailed."""
    api, slug = stage.api, stage.slug
    budget = {
        "target_kind": "prompt",
        "target_id": slug,
        "limit_nusd": BUDGET_NUSD,
        "period": "day",
        "hard": False,
        "name": "Of the demo",
    }
    stage.result["budget_id"] = (await api.post("/v1/budgets", budget))["id"]
    about = "Sorts support tickets into queues: the prompt of the demo, as its search left it."
    entry = {"prompt": slug, "visibility": "organization", "categories": ["support"], "description": about, "example": EXAMPLE}
    stage.result["library_entry_id"] = (await api.post("/v1/marketplace", entry))["id"]
    await api.get("/v1/analytics/failure-groups", wait_s=0)  # So that they are there for whoever looks first.
    stage.result["report_id"] = (await api.post("/v1/reports", {"kind": "prompt", "target": slug}))["id"]


async def pause(stage: Stage) -> None:
    """Nobody listens there any more. Raises DemoFailed."""
    await stage.api.patch(f"/v1/webhooks/endpoints/{stage.endpoint_id}", {"paused": True, "description": PAUSED})
