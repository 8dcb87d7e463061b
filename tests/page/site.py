"""One whole Burnish for the tests of the page: every process, the loop driven once, and somebody of every role."""

import asyncio
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import aiohttp
import asyncpg
from playwright.async_api import Browser, BrowserContext, Page

from burnish_gateway.access.session_token import COOKIE
from burnish_shared.ids import new_uuid
from tests.embedded.installation import Installation
from tests.embedded.signed_in import make_session
from tests.embedded.workspaces import make_workspace
from tests.page.browser import PATIENCE_MS, WATCHES, Watch, quiet, slow_down
from tests.page.experiments import crowd_of, started, two_versions

SEARCH_EVALUATIONS = 1_500
"""A search of 2 s; 828 are the least that can begin, and this one finds something."""

PEOPLE = {"operator": "Olive Otto", "admin": "Ada Lovelace", "editor": "Edith Clarke", "viewer": "Victor Hess"}
NOBODY = "nobody"


@dataclass(slots=True)
class Site:
    """`ids`: what the demo made, by name: prompt, dataset, test_run, optimization, suggestion, alert, execution, session,
    endpoint, delivery, report, experiment, schedule, migration, evaluator, entry and template (of the library)."""

    url: str
    api_key: str
    workspace_id: UUID
    database_url: str
    admin: dict[str, str]
    ids: dict[str, str]
    demo: dict[str, Any]
    session: aiohttp.ClientSession
    connection: Any
    _people: dict[tuple[UUID, str], UUID] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The API as a program sees it, with an admin's key of the demo's workspace. The answer's JSON; fails on a refusal."""
        headers = {"authorization": f"Bearer {key or self.api_key}"}
        async with self.session.request(method, self.url + path, json=body, headers=headers) as answer:
            text = await answer.text()
            assert answer.status < 400, f"{method} {path}: {answer.status} {text}"
            return json.loads(text) if text else None

    async def new_workspace(self, name: str = "Empty") -> UUID:
        """A workspace with nothing in it, for first runs and empty states, and for tests that change what others look at."""
        return (await make_workspace(self.database_url, name=name)).workspace_id

    async def key_of(self, workspace_id: UUID) -> str:
        """An admin's key of a workspace of `new_workspace`, for `call(…, key=…)`."""
        cookies = {"cookie": f"{COOKIE}={await self.cookie('admin', workspace_id)}"}
        async with self.session.get(f"{self.url}/v1/auth/session", headers=cookies) as answer:
            signed_in = await answer.json()
        headers = cookies | {"x-csrf-token": signed_in["csrf_token"], "x-burnish-workspace": str(workspace_id)}
        async with self.session.post(f"{self.url}/v1/api-keys", json={"name": "of a test", "role": "admin"}, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["key"])

    async def person(self, role: str, workspace_id: UUID | None = None) -> UUID:
        """The one person of this role in the workspace; made when first asked for. `operator`: an admin who runs the installation."""
        where = (workspace_id or self.workspace_id, role)
        if where not in self._people:
            found = await self.connection.fetchval(
                "SELECT user_id FROM members JOIN users USING (user_id) WHERE workspace_id = $1 AND users.name = $2", where[0], PEOPLE[role]
            )
            if found is not None:
                self._people[where] = found
                return found  # type: ignore[no-any-return]
            user_id, name = new_uuid(), PEOPLE[role]
            mark = "" if workspace_id is None else f".{user_id.hex[-6:]}"
            email = f"{name.split(maxsplit=1)[0].lower()}{mark}@example.com"
            await self.connection.execute(
                "INSERT INTO users (user_id, email, name, is_operator) VALUES ($1, $2, $3, $4)", user_id, email, name, role == "operator"
            )
            await self.connection.execute(
                "INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, $3)",
                where[0], user_id, "admin" if role == "operator" else role,
            )  # fmt: skip
            await self.connection.execute("SELECT note_change($1, 'member', $2)", where[0], str(user_id))
            self._people[where] = user_id
        return self._people[where]

    async def hide_searches_of_tests(self, page: Page) -> None:
        """From now on the page lists the demo's searches alone, as in a new installation: the first steps are about the prompt that the
        newest good search made better, and tests leave such ones of prompts that never ran."""
        only = f"prompt={quote(self.ids['prompt'])}"
        await page.route(
            lambda url: urlsplit(url).path == "/v1/optimizations" and "prompt=" not in url,
            lambda route: route.continue_(url=route.request.url + ("&" if urlsplit(route.request.url).query else "?") + only),
        )

    async def cookie(self, role: str, workspace_id: UUID | None = None) -> str:
        """The session cookie's value of a fresh session, so that signing out disturbs no other test."""
        header = await make_session(self.connection, await self.person(role, workspace_id))
        return header.removeprefix(f"{COOKIE}=")

    async def open_context(
        self, browser: Browser, *, role: str, theme: str = "light", width: int = 1440, height: int = 900,
        workspace_id: UUID | None = None, timezone: str = "UTC", touch: bool = False, alone: bool = False,
    ) -> BrowserContext:  # fmt: skip
        """A browser of its own, signed in as `role`; `nobody`: not signed in. Watched: see `browser.watch_of`. `touch`: of a phone.
        `alone`: see `browser.quiet`."""
        context = await browser.new_context(
            base_url=self.url, viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce",  # type: ignore[arg-type]
            locale="en-GB", timezone_id=timezone, has_touch=touch, is_mobile=touch,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE_MS)
        if role != NOBODY:
            value = await self.cookie(role, workspace_id)
            await context.add_cookies([{"name": COOKIE, "value": value, "url": self.url, "httpOnly": True, "sameSite": "Lax"}])
        # Who asks whether they are signed in, and is not, hears 401; Chromium puts each into the console.
        WATCHES[context] = Watch(self.url, expected=[r"status of 401.*/v1/auth/session"] if role == NOBODY else [])
        await WATCHES[context].begin(context)
        await slow_down(context)
        if alone:
            await quiet(context)
        return context

    async def open_page(self, browser: Browser, path: str, **options: Any) -> Page:
        page = await (await self.open_context(browser, **options)).new_page()
        await page.goto(path)
        return page

    def at(self, path: str) -> str:
        """A path with the demo's ids in it: `/app/test-runs/{test_run}`."""
        return path.format_map(self.ids)


async def start_site(installation: Installation) -> Site:
    """Starts everything and drives the demo once (about 12 s on two idle cores); where both was done in this home before, finds it."""
    connection_info = await asyncio.to_thread(installation.up)
    told = installation.home / "demo-of-the-page.json"
    if not told.is_file():
        finished = await asyncio.to_thread(installation.run, "demo", "--json", "--evaluations", str(SEARCH_EVALUATIONS))
        assert finished.returncode == 0, finished.stderr
        told.write_text(finished.stdout)
    demo = json.loads(told.read_text())
    connection = await asyncpg.connect(connection_info["database_url"], server_settings={"search_path": "burnish"})
    site = Site(
        url=connection_info["url"], api_key=connection_info["api_key"], workspace_id=UUID(connection_info["workspace_id"]),
        database_url=connection_info["database_url"], admin=connection_info["admin"], ids={}, demo=demo,
        session=aiohttp.ClientSession(), connection=connection,
    )  # fmt: skip
    site.ids = {
        "prompt": demo["prompt"], "dataset": demo["dataset_id"], "test_run": demo["test_run_id"], "optimization": demo["optimization_id"],
        "suggestion": demo["suggestion_id"], "alert": demo["alert_id"], "endpoint": await _endpoint(site),
        "execution": (await site.call("GET", f"/v1/executions?prompt={demo['prompt']}&limit=1"))["data"][0]["id"],
        "session": await _session(site),
        "report": await _report(site),
        "entry": await _entry(site, demo["prompt"]),
        "template": (await site.call("GET", "/v1/templates?limit=1"))["data"][0]["id"],
        "line": await _line(site, demo["prompt"]),
        "invitation": await _invitation(site),
    }  # fmt: skip
    site.ids["delivery"] = await _delivery(site, site.ids["endpoint"])
    site.ids["experiment"] = await _experiment(site)
    site.ids["schedule"] = await _schedule(site)
    site.ids["migration"] = await _migration(site)
    site.ids["batch"] = await _batch(site)
    site.ids["group"] = await _group(site)
    site.ids["evaluator"] = await _evaluator(site)
    await _guarded(site)
    for role in PEOPLE:
        await site.person(role)
    return site


async def _session(site: Site) -> str:
    """A conversation of two turns; the demo has none."""
    session_id = "page-conversation"
    if not (await site.call("GET", f"/v1/executions?session_id={session_id}&limit=1"))["data"]:
        for text in ("Where is my parcel?", "And can I send it back?"):
            body = {"messages": [{"role": "user", "content": text}], "model": "simulated/chat", "session_id": session_id, "user_id": "ann"}
            await site.call("POST", "/v1/executions", body)
    return session_id


async def _invitation(site: Site) -> str:
    """Its token. Processes that run tests share the installation, and a newer invitation takes the place of an older to the same e-mail."""
    body = {"email": f"invited-{new_uuid().hex[-8:]}@example.com", "role": "editor"}
    return str((await site.call("POST", "/v1/invitations", body))["token"])


async def _report(site: Site) -> str:
    """Of the whole workspace."""
    made = (await site.call("GET", "/v1/reports?kind=workspace&limit=1"))["data"]
    return str((made[0] if made else await site.call("POST", "/v1/reports", {"kind": "workspace"}))["id"])


async def _entry(site: Site, prompt: str) -> str:
    """The demo's prompt in the library."""
    mine = (await site.call("GET", "/v1/marketplace?mine=true"))["data"]
    if found := [one for one in mine if one["slug"] == prompt]:
        return str(found[0]["id"])
    body = {"prompt": prompt, "visibility": "organization", "categories": ["support"], "example": "Where is my parcel?"}
    return str((await site.call("POST", "/v1/marketplace", body))["id"])


async def _experiment(site: Site) -> str:
    """One that runs, with users of both arms and some looks at them; of a prompt of its own, so that no other call takes part."""
    slug = "page-experiment"
    there = (await site.call("GET", "/v1/experiments?limit=200"))["data"]
    if found := [one for one in there if one["prompt"] == slug]:
        return str(found[0]["id"])
    experiment = await started(site, await two_versions(site, slug), guardrails=[{"metric": "error_rate", "margin": 0.02}])
    crowd = await crowd_of(site, experiment)
    for n in (200, 200, 300, 300):
        await crowd.come(n, {"control": 0.7, "candidate": 0.74})
    return experiment


async def _line(site: Site, prompt: str) -> str:
    """Generations that some search of the demo's prompt might have left."""
    made = [one for one in (await site.call("GET", f"/v1/generations?prompt={prompt}"))["data"] if one["origin"] == "import"]
    file = line_file(prompt, name="Bred on a file")
    return str((made[0] if made else await site.call("POST", "/v1/generations/import", {"file": file}))["id"])


def line_file(prompt: str, *, name: str) -> dict[str, Any]:
    """Two generations of three texts, as `GET /v1/generations/{line_id}/export` writes them; the later one is the better."""
    bred = {"Sort the ticket.": (0.8, 40_000), "Sort the ticket with care.": (0.9, 70_000), "Sort it.": (0.6, 20_000)}
    digests = {text: sha256(text.encode()).hexdigest() for text in bred}
    members = [
        {
            "candidate": digests[text],
            "made_by": "crossover",
            "fitness": fitness,
            "scores": {"fitness": fitness, "cost_nusd": cost},
            "evaluations": 20,
        }
        for text, (fitness, cost) in bred.items()
    ]
    worse = [one | {"fitness": round(bred[text][0] - 0.2, 2)} for one, text in zip(members, bred, strict=True)]
    return {
        "format": "burnish.generations",
        "version": 1,
        "prompt": prompt,
        "base_version": 1,
        "name": name,
        "candidates": [{"id": digest, "text": text, "made_by": "crossover"} for text, digest in digests.items()],
        "generations": [{"number": 0, "members": worse}, {"number": 1, "members": members}],
    }


async def _schedule(site: Site) -> str:
    """Paused: no search begins by itself while others look."""
    there = (await site.call("GET", "/v1/optimization-schedules"))["data"]
    if found := [one for one in there if one["name"] == "Every Monday"]:
        return str(found[0]["id"])
    search = {"prompt": site.ids["prompt"], "dataset_id": site.ids["dataset"], "budget": {"evaluations": 2_000, "credits": 50}}
    body = {"name": "Every Monday", "every": "cron", "cron": "0 6 * * 1", "month_credits": 200, "paused": True, "optimization": search}
    return str((await site.call("POST", "/v1/optimization-schedules", body))["id"])


async def _migration(site: Site) -> str:
    """Of the experiment's prompt alone, which nothing measured: its versions are skipped, and nothing changes."""
    if there := (await site.call("GET", "/v1/model-migrations"))["data"]:
        return str(there[-1]["id"])
    body = {"model": "simulated/chat", "successor": "simulated/reader", "prompts": ["page-experiment"]}
    return str((await site.call("POST", "/v1/model-migrations", body))["id"])


SCORED = "page-scored"
"""A prompt of its own, so that no other call is scored or guarded."""


async def _evaluator(site: Site) -> str:
    """One with two versions that scores live answers, on which people have said something too."""
    name = "Short answers"
    there = (await site.call("GET", "/v1/evaluators?limit=200"))["data"]
    if found := [one for one in there if one["name"] == name]:
        return str(found[0]["id"])
    await site.call(
        "POST", "/v1/prompts", {"slug": SCORED, "template": "Answer {{question}}", "model": "simulated/chat", "label": "production"}
    )
    made = await site.call("POST", "/v1/evaluators", {"name": name, "settings": {"kind": "expression", "expression": "len(output) < 20"}})
    version = {"settings": {"kind": "expression", "expression": "len(output) < 400"}, "message": "people like a sentence more"}
    await site.call("POST", f"/v1/evaluators/{made['id']}/versions", version)
    await site.call("POST", "/v1/live-evaluations", {"evaluator_id": made["id"], "prompts": [SCORED]})
    for number, thumb in enumerate(("up", "up", "up", "down", "up", "down")):
        asked = {"prompt": SCORED, "variables": {"question": f"number {number}"}, "user_id": f"reader-{number}"}
        run = await site.call("POST", "/v1/executions", asked)
        await site.call("POST", "/v1/feedback", {"execution_id": run["id"], "thumb": thumb, "user_id": f"reader-{number}"})
    async with asyncio.timeout(3 * PATIENCE_MS / 1_000):
        while (await site.call("GET", f"/v1/evaluators/{made['id']}/agreement"))["n"] < 6:
            await asyncio.sleep(0.1)
    return str(made["id"])


async def _guarded(site: Site) -> None:
    """Two guardrails, one of them off, and a metric, for pictures of their lists."""
    if (await site.call("GET", "/v1/guardrails"))["data"]:
        return
    for name, settings in (
        ("no personal data", {"kind": "personal_data", "kinds": ["email", "phone", "iban"]}),
        ("no competitors", {"kind": "deny", "phrases": ["acme corp", "globex"]}),
    ):
        rule = {"name": name, "prompts": [SCORED], "sides": ["in"], "settings": settings, "active": settings["kind"] != "deny"}
        await site.call("POST", "/v1/guardrails", rule)
    await site.call("PUT", "/v1/metrics/page_seconds_to_close", {"type": "duration_ms", "direction": "lower", "max": 3_600_000})


async def _batch(site: Site) -> str:
    """Of three calls, one of which cannot run; it has ended."""
    if there := [one for one in (await site.call("GET", "/v1/batches"))["data"] if one["name"] == "Three calls"]:
        return str(there[0]["id"])
    texts = {"a": "Where is my parcel?", "b": "Thanks!"}
    inputs: list[dict[str, Any]] = [{"custom_id": name, "messages": [{"role": "user", "content": text}]} for name, text in texts.items()]
    body = {"name": "Three calls", "request": {}, "models": ["simulated/chat"], "inputs": [*inputs, {"custom_id": "c"}]}
    batch = str((await site.call("POST", "/v1/batches", body))["id"])
    async with asyncio.timeout(3 * PATIENCE_MS / 1_000):
        while (await site.call("GET", f"/v1/batches/{batch}"))["status"] != "completed":
            await asyncio.sleep(0.1)
    return batch


async def _group(site: Site) -> str:
    """Of calls without a prompt."""
    key = "page-desk"
    if not [one for one in (await site.call("GET", "/v1/execution-groups?days=90"))["data"] if one["group_key"] == key]:
        messages = [{"role": "system", "content": "You are the help desk."}, {"role": "user", "content": "Where is my parcel?"}]
        await site.call("POST", "/v1/executions", {"messages": messages, "model": "simulated/chat", "prompt_key": key})
    return key


async def _endpoint(site: Site) -> str:
    """Of webhooks; the demo pauses its own in the end."""
    body = {"url": "http://127.0.0.1:9/hooks", "events": ["prompt.*", "alert.*"], "description": "Nobody listens here"}
    there = [one for one in (await site.call("GET", "/v1/webhooks/endpoints"))["data"] if one["description"] == body["description"]]
    made = there[0] if there else await site.call("POST", "/v1/webhooks/endpoints", body)
    return str(made["id"])


async def _delivery(site: Site, endpoint: str) -> str:
    """One to an endpoint that is still there; the demo's is not."""
    of_it = f"/v1/webhooks/deliveries?endpoint_id={endpoint}&limit=1"
    if not (await site.call("GET", of_it))["data"]:
        await site.call("POST", f"/v1/webhooks/endpoints/{endpoint}/test")
    async with asyncio.timeout(3 * PATIENCE_MS / 1_000):
        while not (found := (await site.call("GET", of_it))["data"]):
            await asyncio.sleep(0.05)
    return str(found[0]["id"])


async def close_site(site: Site) -> None:
    await site.session.close()
    await site.connection.close()
