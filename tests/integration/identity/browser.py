"""A browser as far as signing in needs one: it keeps cookies, follows what it is told to, and never sends them elsewhere."""

import json
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import aiohttp

PUBLIC = "https://burnish.test"
"""The address that people know the gateway by; the browser finds the gateway itself behind it, as a reverse proxy would."""


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    location: str
    body: Any
    text: str
    set_cookies: tuple[str, ...]


@dataclass(slots=True)
class Browser:
    session: aiohttp.ClientSession
    gateway: str
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, *, headers: dict[str, str] | None = None) -> Page:
        """One request to the gateway, by path or by its public address."""
        return await self._get(self.gateway + path.removeprefix(PUBLIC), headers=headers)

    async def visit(self, url: str) -> Page:
        """One request elsewhere, without our cookies."""
        async with self.session.get(url, allow_redirects=False) as response:
            return Page(response.status, response.headers.get("location", ""), None, await response.text(), ())

    async def sign_in(self, *, next_path: str = "/app") -> Page:
        """The whole way: start, provider, callback. The callback's answer."""
        return await self.get((await self.come_back(next_path=next_path)).location)

    async def come_back(self, *, next_path: str = "/app") -> Page:
        """Start and provider; `location` is the callback with its parameters."""
        begun = await self.get(f"/v1/auth/oidc/start?next={next_path}")
        assert begun.status == 303, begun.text
        back = await self.visit(begun.location)
        assert back.status == 302 and back.location.startswith(f"{PUBLIC}/v1/auth/oidc/callback?"), back
        return back

    async def _get(self, url: str, *, headers: dict[str, str] | None) -> Page:
        sent = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        async with self.session.get(url, headers=sent | (headers or {}), allow_redirects=False) as response:
            text = await response.text()
            set_cookies = tuple(response.headers.getall("set-cookie", []))
            for one in set_cookies:
                self._keep(one, urlsplit(url).path)
            body = json.loads(text) if "json" in response.headers.get("content-type", "") else None
            return Page(response.status, response.headers.get("location", ""), body, text, set_cookies)

    def _keep(self, header: str, path: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            assert morsel["httponly"] and morsel["secure"] and path.startswith(morsel["path"])
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value
