"""A form that is open while somebody else saves the same: nothing of theirs is written over unseen, nothing that was typed is lost."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from tests.page.axe import check_axe
from tests.page.browser import closed, screenshot, set_theme, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

BEHIND = ("region", "aria-hidden-focus")

MINE = f"mine {uuid4().hex[:6]}"

BESIDE = "What they changed stands in the form now, beside what you typed. Look, then save."
APART = "What you typed is still here; saving puts it in place of theirs."


@dataclass(frozen=True, slots=True)
class Form:
    """`make`: the thing, by its path in the API. `page`: where its form is (`{id}`: the end of that path), behind `button` where one is.
    `theirs`: method, what follows the path, and body of what somebody else sends. `field` and `typed`: what is typed meanwhile.
    `kept`: what stands there after both; a dot leads into a part."""

    name: str
    make: Callable[[Site], Awaitable[str]]
    page: str
    theirs: tuple[str, str, dict[str, Any]]
    field: str
    typed: str
    kept: dict[str, Any]
    button: str | None = None


async def guardrail(site: Site) -> str:
    body = {"name": f"form {uuid4().hex[:8]}", "prompts": ["page-scored"], "settings": {"kind": "deny", "phrases": ["acme"]}}
    return f"/v1/guardrails/{(await site.call('POST', '/v1/guardrails', body))['id']}"


async def budget(site: Site) -> str:
    body = {"name": "Both", "target_kind": "prompt", "target_id": await prompt(site), "period": "day", "limit_nusd": 10**12}
    return f"/v1/budgets/{(await site.call('POST', '/v1/budgets', body))['id']}"


async def prompt(site: Site) -> str:
    slug = f"form-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Say {{x}}", "model": "simulated/chat", "label": "production"})
    return slug


async def rule(site: Site) -> str:
    path = f"/v1/alert-rules/{await prompt(site)}"
    await site.call("PUT", path, {"min_samples": 50})
    return path


async def evaluator(site: Site) -> str:
    body = {"name": f"form {uuid4().hex[:8]}", "settings": {"kind": "contains", "phrases": ["sorry"]}}
    return f"/v1/evaluators/{(await site.call('POST', '/v1/evaluators', body))['id']}"


async def live(site: Site) -> str:
    of = (await evaluator(site)).rsplit("/", 1)[-1]
    made = await site.call("POST", "/v1/live-evaluations", {"evaluator_id": of, "prompts": [await prompt(site)]})
    return f"/v1/live-evaluations/{made['id']}"


async def endpoint(site: Site) -> str:
    made = await site.call("POST", "/v1/webhooks/endpoints", {"url": "http://127.0.0.1:9/form", "events": ["prompt.*"]})
    return f"/v1/webhooks/endpoints/{made['id']}"


async def queue(site: Site) -> str:
    path = f"/v1/review/settings/{await prompt(site)}"
    await site.call("PUT", path, {"sample": 0.1})
    return path


async def channel(site: Site) -> str:
    body = {"kind": "email", "name": f"form {uuid4().hex[:8]}", "recipients": ["ann@example.com"]}
    return f"/v1/alert-channels/{(await site.call('POST', '/v1/alert-channels', body))['id']}"


async def metric(site: Site) -> str:
    path = f"/v1/metrics/form-{uuid4().hex[:8]}"
    await site.call("PUT", path, {"type": "number", "direction": "higher"})
    return path


FORMS = (
    Form(
        "guardrail",
        guardrail,
        "/app/guardrails?edit={id}",
        ("PATCH", "", {"active": False}),
        "Name (required)",
        MINE,
        {"name": MINE, "active": False},
    ),
    Form(
        "budget",
        budget,
        "/app/usage/budgets?edit={id}",
        ("PATCH", "", {"limit_nusd": 2 * 10**12}),
        "Name",
        MINE,
        {"name": MINE, "limit_nusd": 2 * 10**12},
    ),
    Form(
        "rule",
        rule,
        "/app/alerts/rules?edit={id}",
        ("PUT", "", {"min_samples": 50, "target": 0.9}),
        "Fall at least, points",
        "7",
        {"min_drop": 0.07, "target": 0.9},
    ),
    Form(
        "live",
        live,
        "/app/evaluators/live?edit={id}",
        ("PATCH", "", {"labels": ["production"]}),
        "Share of the runs, %",
        "25",
        {"sample": 0.25, "labels": ["production"]},
    ),
    Form(
        "evaluator",
        evaluator,
        "/app/evaluators/{id}",
        ("POST", "/versions", {"settings": {"kind": "contains", "phrases": ["sorry"], "match": "any"}}),
        "Phrases",
        "pardon",
        {"version": 3, "settings.match": "any", "settings.phrases": ["pardon"]},
        "New version",
    ),
    Form(
        "endpoint",
        endpoint,
        "/app/webhooks/{id}?edit=1",
        ("PATCH", "", {"throttle_per_minute": 30}),
        "Name",
        MINE,
        {"description": MINE, "throttle_per_minute": 30},
    ),
    Form(
        "queue",
        queue,
        "/app/review?prompt={id}",
        ("PUT", "", {"low_rated": False, "sample": 0.1}),
        "And at random",
        "20",
        {"low_rated": False, "sample": 0.2},
        "What is queued…",
    ),
    Form(
        "channel",
        channel,
        "/app/alerts/channels?edit={id}",
        ("PATCH", "", {"filters": {"prompts": ["page-scored"], "min_severity": "error"}}),
        "Name (required)",
        MINE,
        {"name": MINE, "filters.prompts": ["page-scored"], "filters.min_severity": "error"},
    ),
    Form(
        "metric",
        metric,
        "/app/analytics/metrics?edit={id}",
        ("PUT", "", {"type": "number", "direction": "lower"}),
        "At most",
        "5",
        {"direction": "lower", "max": 5.0},
    ),
)


CALL_OUT = ("endpoint", "channel")
"""What would be told of everything that other tests do, and answers nothing."""


@asynccontextmanager
async def made_of(form: Form, site: Site) -> AsyncIterator[str]:
    """Its path, for as long as the test is about it."""
    path = await form.make(site)
    try:
        yield path
    finally:
        if form.name in CALL_OUT:
            await site.call("DELETE", path)


async def opened(page_as: OpenPage, form: Form, path: str) -> tuple[Page, Locator]:
    page = await page_as("admin", form.page.format(id=path.rsplit("/", 1)[-1]))
    if form.button is not None:
        await page.get_by_role("button", name=form.button, exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label(form.field, exact=True)).to_be_visible()
    await settled(page)
    return page, dialog


async def kept_at(site: Site, form: Form, path: str) -> dict[str, Any]:
    """What stands there, by the names of `form.kept`."""
    if form.name in ("rule", "queue"):
        slug, all_of = path.rsplit("/", 1)[-1], path.rsplit("/", 1)[0]
        [found] = [
            one
            for one in (await site.call("GET", f"{all_of}?limit=200" if form.name == "rule" else all_of))["data"]
            if one["prompt"] == slug
        ]
    elif form.name == "metric":
        [found] = [one for one in (await site.call("GET", "/v1/metrics"))["data"] if path.endswith(f"/{one['name']}")]
    else:
        found = await site.call("GET", path)
    return {name: found[name] if "." not in name else found[name.split(".")[0]][name.split(".")[1]] for name in form.kept}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
async def test_what_somebody_else_saved_meanwhile_comes_in_and_what_was_typed_stays(page_as: OpenPage, site: Site, form: Form) -> None:
    async with made_of(form, site) as path:
        await _comes_in(page_as, site, form, path)


async def _comes_in(page_as: OpenPage, site: Site, form: Form, path: str) -> None:
    page, dialog = await opened(page_as, form, path)
    field, save = dialog.get_by_label(form.field, exact=True), dialog.get_by_role("button", name=re.compile("^Save"))
    method, to, body = form.theirs
    await site.call(method, path + to, body)
    await field.fill(form.typed)
    await save.click()
    await expect(dialog.get_by_role("status").filter(has_text="Changed by somebody meanwhile.")).to_be_visible()
    await expect(dialog).to_contain_text(BESIDE)
    await expect(field).to_have_value(form.typed)
    assert await kept_at(site, form, path) != form.kept, "nothing is sent before it was seen"
    await check_axe(page, without=BEHIND)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"over/{form.name}-{theme}")
    await save.click()
    await closed(page)
    assert await kept_at(site, form, path) == form.kept


async def test_where_both_changed_the_same_it_says_so_and_theirs_can_be_taken(page_as: OpenPage, site: Site) -> None:
    form = FORMS[1]
    path = await form.make(site)
    page, dialog = await opened(page_as, form, path)
    await site.call("PATCH", path, {"name": "theirs"})
    field = dialog.get_by_label(form.field, exact=True)
    await field.fill(MINE)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_contain_text(APART)
    await expect(field).to_have_value(MINE)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"over/apart-{theme}")
    await dialog.get_by_role("button", name="Take theirs").click()
    await expect(field).to_have_value("theirs")
    await expect(dialog.get_by_text("Changed by somebody meanwhile.")).to_have_count(0)


async def test_a_rule_that_begins_from_nothing_is_not_put_over_the_one_that_came_meanwhile(page_as: OpenPage, site: Site) -> None:
    slug = await prompt(site)
    page = await page_as("admin", "/app/alerts/rules?edit=new")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name=re.compile("^Prompt")).click()
    await page.get_by_placeholder("Type to find").fill(slug)
    await page.get_by_role("option", name=re.compile(f"^{slug}")).click()
    await dialog.get_by_label("Fall at least, points", exact=True).fill("7")
    await site.call("PUT", f"/v1/alert-rules/{slug}", {"min_samples": 50})
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("status")).to_contain_text(f"{slug} has a rule by now.")
    await expect(dialog.get_by_label("Reactions at least", exact=True)).to_have_value("50")
    await dialog.get_by_role("button", name="Save").click()
    await closed(page)
    [kept] = [one for one in (await site.call("GET", "/v1/alert-rules?limit=200"))["data"] if one["prompt"] == slug]
    assert (kept["min_samples"], kept["min_drop"]) == (50, 0.07)
