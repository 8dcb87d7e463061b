"""A whole installation at debug level, used with secrets and texts that are looked for afterwards in everything it left behind."""

import asyncio
import base64
import json
import os
import re
import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import asyncpg

from tests.embedded.installation import Installation
from tests.fakes.echoing_provider import EchoingProvider
from tests.fakes.receiver import Receiver
from tests.fakes.trace_collector import TraceCollector

FAULTS = ("unauthorized", "limited", "broken", "refused", "html", "malformed", "ok")

MANY = 200
"""Workspaces, prompts and users: more than the series that each would cost were it a label."""

SET_ASIDE = ("unauthorized", "limited")
"""Faults after which a key rests: each has an address and a key of its own."""

SETTINGS = {
    "BURNISH_LOG_LEVEL": "debug",
    "BURNISH_SIGN_UP": "open",
    "BURNISH_DEADLINE_S": "6",
    "BURNISH_SWEEP_INTERVAL_S": "0.3",
    "BURNISH_SWEEP_GRACE_S": "0.5",
    "BURNISH_JOIN_INTERVAL_S": "0.5",
    "BURNISH_WEBHOOK_SCHEDULE_FACTOR": "0.01",
    "BURNISH_RETRY_WAIT_MOST_S": "0.1",
    "BURNISH_ACK_WAIT_S": "3",
}


@dataclass(slots=True)
class Canaries:
    """Things that no log may know. `secrets`: what it is → text; `texts`: where in a conversation it stood → text."""

    secrets: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def secret(self, name: str, text: str) -> str:
        self.secrets[name] = text
        return text

    def text(self, name: str) -> str:
        self.texts[name] = f"Canary{name.title()}{secrets.token_hex(8)}"
        return self.texts[name]


@dataclass(slots=True)
class Run:
    """What was used, and what it left: name of an artefact → its bytes. `answers`: every HTTP answer that may not show a secret."""

    installation: Installation
    provider: EchoingProvider
    receiver: Receiver
    http: aiohttp.ClientSession
    canaries: Canaries
    kek: str
    answers: list[bytes] = field(default_factory=list)
    revoked: str = ""
    artefacts: dict[str, bytes] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return str(self.installation.connection["url"])

    @property
    def key(self) -> str:
        return str(self.installation.connection["api_key"])

    async def ask(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, shows: str = "", raw: bytes | None = None
    ) -> Any:
        """One request. `shows`: the name of a field whose value is a secret that this answer, and no other, may show."""
        traced = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        given = {"authorization": f"Bearer {self.key}", "content-type": "application/json", "traceparent": traced, **(headers or {})}
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        try:
            async with self.http.request(method, self.url + path, data=data, headers=given) as response:
                content = await response.read()
                shown = f"{response.status} {dict(response.headers)}".encode() + content
                parsed = json.loads(content) if "json" in response.content_type and content else content.decode()
        except aiohttp.ClientPayloadError:
            return None
        if shows:
            return self.canaries.secret(f"{shows} {len(self.canaries.secrets)} of {path}", parsed[shows]), parsed
        self.answers.append(shown)
        return parsed


def environment(kek: str, collector: TraceCollector) -> dict[str, str]:
    return SETTINGS | {"BURNISH_KEK": kek, "BURNISH_OTLP_ENDPOINT": collector.url}


def new_kek() -> str:
    return base64.b64encode(os.urandom(32)).decode()


async def use(run: Run) -> None:
    """Successful and failing calls, keys in wrong places, people, webhooks, and an executor that is killed in the middle of a stream."""
    canaries = run.canaries
    canaries.secret("key-encryption key", run.kek)
    canaries.secret("operator's API key", run.key)
    for name in ("database_url", "nats_url"):
        canaries.secret(name, str(urlsplit(run.installation.connection[name]).password))
    await _set_up_models(run)
    await _use_people(run)
    await _send_keys_where_none_belong(run)
    await _use_webhooks(run)
    execution_id = await _call_models(run)
    await _kill_an_executor(run)
    comment = {
        "execution_id": execution_id,
        "thumb": "down",
        "comment": canaries.text("comment"),
        "correction": canaries.text("correction"),
    }
    await run.ask("POST", "/v1/feedback", comment)
    await run.ask("POST", "/v1/feedback", comment | {"score": canaries.text("score")})
    await run.ask("DELETE", f"/v1/provider-keys/{run.revoked}")


async def _set_up_models(run: Run) -> None:
    base = {"provider": "mirror", "context_tokens": 8000, "output_tokens": 100}
    prices = {"input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1}
    for name in (*FAULTS, "cut", "slow"):
        address = run.provider.base_url(name if name in SET_ASIDE else "v1")
        await run.ask("POST", "/v1/models", base | prices | {"model": f"mirror/{name}", "upstream_model": name, "base_url": address})
    made = [secrets.token_hex(20) + "zq", f"sk-proj-{secrets.token_urlsafe(30)}", f"plain.{secrets.token_urlsafe(24)}"]
    for number, (secret, place) in enumerate(zip(made, ("v1", *SET_ASIDE), strict=True)):
        run.canaries.secret(f"provider key {number}", secret)
        body = {"provider": "mirror", "name": f"key {number}", "key": secret, "base_url": run.provider.base_url(place), "priority": number}
        key = await run.ask("POST", "/v1/provider-keys", body, headers={"idempotency-key": f"provider-{number}"})
        await run.ask("POST", "/v1/provider-keys", body, headers={"idempotency-key": f"provider-{number}"})
        await run.ask("PATCH", f"/v1/provider-keys/{key['id']}", {"priority": number + 10})
        run.revoked = str(key["id"])
    slug = {"slug": "canary", "messages": [{"role": "user", "content": "{{name}}: " + run.canaries.text("template")}], "model": "mirror/ok"}
    await run.ask("POST", "/v1/prompts", slug)


async def _use_people(run: Run) -> None:
    password = run.canaries.secret("password", f"Correct-{secrets.token_urlsafe(18)}")
    changed = run.canaries.secret("new password", f"Correct-{secrets.token_urlsafe(18)}")
    person = {"email": "ada@example.com", "password": password}
    await run.ask("POST", "/v1/auth/sign-up", person | {"name": "Ada"}, headers={"authorization": ""})
    await run.ask("POST", "/v1/auth/sign-in", person | {"password": password[:-1]}, headers={"authorization": ""})
    async with run.http.post(f"{run.url}/v1/auth/sign-in", json=person) as response:
        cookies: SimpleCookie = SimpleCookie(response.headers.get("set-cookie", ""))
    for name, cookie in cookies.items():
        run.canaries.secret(f"cookie {name}", cookie.value)
        session = {"authorization": "", "cookie": f"{name}={cookie.value}"}
        await run.ask("GET", "/v1/auth/sessions", headers=session)
        shown = await run.ask("GET", "/v1/auth/session", headers=session)
        signed = session | {"x-csrf-token": str(shown["csrf_token"])}
        await run.ask("POST", "/v1/auth/password", {"old_password": password, "new_password": changed}, headers=session)
        await run.ask("POST", "/v1/auth/password", {"old_password": password, "new_password": changed}, headers=signed)
        await run.ask("POST", "/v1/auth/password", {"old_password": changed, "new_password": 7}, headers=signed)
        await run.ask("GET", "/v1/auth/session", headers={"authorization": "", "cookie": f"{name}={cookie.value}x"})


async def _send_keys_where_none_belong(run: Run) -> None:
    """Every place of a request that an error, a log or a metric might repeat."""
    await run.ask("POST", "/v1/api-keys", {"name": "canary"}, shows="key", headers={"idempotency-key": "once"})
    for secret in [value for name, value in run.canaries.secrets.items() if name.startswith(("provider key", "key "))]:
        if secret.startswith(("sk-", "bk_")):  # Only what looks like a key can be recognized where nobody expects one.
            for wrong in (
                {"name": secret, secret: 1},
                {"provider": secret, "name": "n", "key": "12345678"},
                {"name": 5, "key": {secret: 1}},
            ):
                await run.ask("POST", "/v1/provider-keys", wrong)
            await run.ask("GET", f"/v1/{secret}")
            await run.ask("GET", f"/v1/models/{secret}")
            await run.ask("GET", f"/v1/executions?{secret}={secret}")
            await run.ask("POST", "/v1/executions", {"model": secret, "messages": [{"role": secret, "content": "x"}]})
        for wrong in ({"provider": "mirror", "name": "n", "key": f"{secret} "}, {"provider": "!", "name": "n", "key": secret}):
            await run.ask("POST", "/v1/provider-keys", wrong)
        await run.ask("POST", "/v1/provider-keys", raw=f'{{"provider": "mirror", "key": "{secret}", '.encode())
        await run.ask("GET", "/v1/executions", headers={"authorization": f"Bearer {secret}x"})
        await run.ask("GET", "/v1/executions", headers={"authorization": f"Basic {secret}"})
    await run.ask(
        "POST", "/v1/models", {"model": "m", "provider": "p", "base_url": f"http://u:{run.canaries.secrets['provider key 0']}@127.0.0.1/"}
    )


async def _use_webhooks(run: Run) -> None:
    run.receiver.modes["/broken"] = ["500"]
    for path in ("/hook", "/broken"):
        endpoint = {"url": run.receiver.url(path), "events": ["*"]}
        _, made = await run.ask("POST", "/v1/webhooks/endpoints", endpoint, shows="secret", headers={"idempotency-key": path})
        await run.ask("POST", f"/v1/webhooks/endpoints/{made['id']}/test")
    await run.ask("POST", f"/v1/webhooks/endpoints/{made['id']}/rotate-secret", {"overlap_hours": 1}, shows="secret")


async def _call_models(run: Run) -> str:
    """Buffered and streamed, native and compatible, in the background, with every fault. The id of one that succeeded."""
    message, variable = run.canaries.text("message"), run.canaries.text("variable")
    messages = [{"role": "user", "content": message}]
    calls = []
    for model in FAULTS:
        body = {"model": f"mirror/{model}", "messages": messages}
        calls.append(run.ask("POST", "/v1/executions", body))
        calls.append(run.ask("POST", "/v1/executions", body | {"stream": True}))
        calls.append(run.ask("POST", "/v1/chat/completions", body | {"user": "u"}))
    calls.append(run.ask("POST", "/v1/executions", {"model": "mirror/cut", "messages": messages, "stream": True}))
    calls.append(run.ask("POST", "/v1/executions", {"model": "mirror/ok", "messages": messages, "mode": "background"}))
    calls.append(run.ask("POST", "/v1/executions", {"prompt": "canary", "version": 1, "variables": {"name": variable}}))
    calls.append(run.ask("POST", "/v1/executions", {"prompt": "canary", "version": 1, "variables": {"nme": variable}}))
    answers = await asyncio.gather(*calls)
    succeeded = [one["id"] for one in answers if isinstance(one, dict) and one.get("status") == "success"]
    assert succeeded, [one for one in answers if isinstance(one, dict)]
    return str(succeeded[0])


async def _kill_an_executor(run: Run) -> None:
    body = {"model": "mirror/slow", "messages": [{"role": "user", "content": run.canaries.texts["message"]}], "stream": True}
    streaming = asyncio.create_task(run.ask("POST", "/v1/executions", body))
    await asyncio.wait_for(run.provider.streaming.wait(), 60)
    pid = run.installation.kill("executor")
    await streaming
    while run.installation.status()["pids"].get("executor", pid) == pid:
        await asyncio.sleep(0.05)
    await run.ask("POST", "/v1/executions", body | {"model": "mirror/ok", "stream": False})


async def use_much(run: Run) -> None:
    """Many workspaces, prompts, users and models, every route of the API, and many addresses that nobody offers."""
    document = await run.ask("GET", "/openapi.json")
    for path, operations in document["paths"].items():
        address = re.sub(r"{\w+}", lambda _: str(uuid4()), path)
        for method in operations:
            if not path.endswith(("/events", "/export")):
                await run.ask(method.upper(), address, {} if method in ("post", "put", "patch") else None)
    messages = [{"role": "user", "content": "hello"}]
    for first in range(0, MANY, 20):
        await asyncio.gather(*(_use_one(run, number, messages) for number in range(first, first + 20)))


async def _use_one(run: Run, number: int, messages: list[dict[str, str]]) -> None:
    await run.ask("POST", "/v1/prompts", {"slug": f"prompt-{number}", "messages": messages, "model": "simulated/chat"})
    await run.ask("POST", "/v1/executions", {"prompt": f"prompt-{number}", "version": 1, "user_id": f"user-{number}"})
    workspace = await run.ask("POST", "/v1/workspaces", {"name": f"workspace {number}"})
    await run.ask("GET", "/v1/prompts", headers={"authorization": f"Bearer {workspace['api_key']}"})
    await run.ask("GET", f"/nobody/offers/{number}")
    await run.ask("GET", f"/v1/prompts/{number}/nothing/here")


async def collect(run: Run, collector: TraceCollector) -> None:
    """Metrics and tables of the living installation; then logs, stores and traces of the stopped one."""
    for name, url in run.installation.status()["metrics"].items():
        async with run.http.get(url) as response:
            run.artefacts[f"metrics of {name}"] = await response.read()
    run.artefacts["answers"] = b"\n".join(run.answers)
    await _dump(run)
    home = run.installation.home
    status = run.installation.run("status")
    run.artefacts["burnish status"] = (status.stdout + status.stderr).encode()
    await asyncio.to_thread(run.installation.down)
    for path in sorted((home / "logs").glob("*")):
        run.artefacts[f"log {path.name}"] = path.read_bytes()
    run.artefacts["state.json"] = (home / "state.json").read_bytes()
    for stream in (home / "nats" / "store").glob("jetstream/*/streams/*"):
        run.artefacts[f"stream {stream.name}"] = _files(stream)
    run.artefacts["PostgreSQL files"] = _files(home / "postgres" / "base") + _files(home / "postgres" / "pg_wal")
    run.artefacts["traces"] = b"\n".join(collector.bodies)


async def _dump(run: Run) -> None:
    """Every row of every table as text: what a dump of the database holds."""
    connection = await asyncpg.connect(run.installation.connection["database_url"], server_settings={"search_path": "burnish"})
    try:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'burnish'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        for (table,) in tables:
            rows = await connection.fetch(f"SELECT t::text FROM {table} t")
            run.artefacts[f"table {table}"] = "\n".join(row[0] for row in rows).encode()
    finally:
        await connection.close()


def _files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def spellings(secret: str) -> list[bytes]:
    """A secret as it is, in hex, in base64 and escaped for a URL: any of them would give it away."""
    raw = secret.encode()
    escaped = re.sub(r"[^A-Za-z0-9_.~-]", lambda one: f"%{ord(one[0]):02X}", secret)
    return [raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"="), escaped.encode()]
