"""A person at a gateway: keeps the session cookie and the CSRF token as a page of ours would."""

import asyncio
import json
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from time import monotonic
from typing import Any
from uuid import uuid4

import aiohttp

from tests.embedded.stack import Answer, Stack
from tests.pace import STILL_MOST_S, spare_clock

PASSWORD = "correct horse battery"

WITHIN_S = 1.0
"""How soon every gateway knows of a change (PRODUCT T2)."""


@dataclass(slots=True)
class Browser:
    """`cookies`: what the gateways set. `workspace`: which one is chosen; empty: none named. `set_cookies`: the last answer's lines."""

    session: aiohttp.ClientSession
    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    csrf_token: str = ""
    workspace: str = ""
    email: str = ""
    user_id: str = ""
    set_cookies: list[str] = field(default_factory=list)

    def at(self, url: str) -> "Browser":
        """The same person with the same cookies at another gateway."""
        return Browser(self.session, url, dict(self.cookies), self.csrf_token, self.workspace, self.email, self.user_id)

    async def __call__(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Answer:
        all_headers = {"content-type": "application/json"}
        if self.cookies:
            all_headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.csrf_token:
            all_headers["x-csrf-token"] = self.csrf_token
        if self.workspace:
            all_headers["x-burnish-workspace"] = self.workspace
        data = None if body is None else json.dumps(body).encode()
        async with self.session.request(method, self.url + path, data=data, headers=all_headers | (headers or {})) as response:
            content = await response.read()
            self.set_cookies = response.headers.getall("set-cookie", [])
            for line in self.set_cookies:
                self._keep(line)
            parsed = json.loads(content) if "json" in response.content_type and content else content.decode()
            return Answer(response.status, parsed, content, {name.lower(): value for name, value in response.headers.items()})

    async def sign_in(self, password: str = PASSWORD, *, email: str | None = None) -> Answer:
        answer = await self("POST", "/v1/auth/sign-in", {"email": email or self.email, "password": password})
        if answer.status == 200:
            self.csrf_token = answer.body["csrf_token"]
        return answer

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


def unknown_email() -> str:
    return f"p{uuid4().hex[:12]}@example.com"


def nobody(stack: Stack, *, gateway: int = 0) -> Browser:
    """Somebody who has not signed in."""
    return Browser(stack.session, stack.gateways[gateway])


async def newcomer(stack: Stack, *, gateway: int = 0, organization: str | None = None) -> Browser:
    """Somebody who signed up just now, an admin of an organization of their own, with their workspace chosen."""
    browser = nobody(stack, gateway=gateway)
    browser.email = unknown_email()
    body = {"email": browser.email, "password": PASSWORD, "name": "New Comer"} | ({"organization": organization} if organization else {})
    answer = await browser("POST", "/v1/auth/sign-up", body)
    assert answer.status == 201, answer.body
    browser.csrf_token, browser.user_id = answer.body["csrf_token"], answer.body["user"]["id"]
    browser.workspace = answer.body["workspaces"][0]["id"]
    return browser


async def join(stack: Stack, admin: Browser, *, role: str, gateway: int = 0) -> Browser:
    """Somebody new whom `admin` invited into the chosen workspace."""
    browser = nobody(stack, gateway=gateway)
    browser.email = unknown_email()
    invited = await admin("POST", "/v1/invitations", {"email": browser.email, "role": role})
    assert invited.status == 201, invited.body
    answer = await browser("POST", "/v1/invitations/accept", {"token": invited.body["token"], "password": PASSWORD, "name": "Guest"})
    assert answer.status == 200, answer.body
    browser.csrf_token, browser.user_id = answer.body["csrf_token"], answer.body["user"]["id"]
    browser.workspace = admin.workspace
    return browser


async def until_status(
    browser: Browser, status: int, *, path: str = "/v1/auth/session", method: str = "GET", body: Any = None, key: str = ""
) -> Answer:
    """Asks, with `key` where one is given, until the answer has this status; fails when that takes longer than a second."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    with spare_clock() as clock:
        began_s, latest_s = clock(), monotonic() + WITHIN_S + STILL_MOST_S
        while (answer := await browser(method, path, body, headers=headers)).status != status:
            assert clock() - began_s < WITHIN_S and monotonic() < latest_s, f"still {answer.status} after {WITHIN_S} s: {answer.body}"
            await asyncio.sleep(0.02)
    return answer
