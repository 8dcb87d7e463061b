"""What runs while measuring: an installation with two tenants, and the receiver."""

import asyncio
import json
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

HEALTHY = 98
"""Endpoints of the first tenant, beside one that hangs and one that fails."""

OTHERS = 10
"""Endpoints of the second tenant."""

QUIET_S = 60.0
"""If nothing arrives for so long, what is missing is lost."""


@dataclass(frozen=True, slots=True)
class Tenant:
    workspace_id: str
    api_key: str


@dataclass(slots=True)
class Bench:
    """`sent`: event id → monotonic seconds before its commit."""

    url: str
    receiver_url: str
    database: Any
    burnish: list[str]
    home: list[str]
    sent: dict[str, float] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def emit(self, tenant: Tenant, number: int) -> list[str]:
        """Puts events into the outbox, as a service would; returns their ids."""
        async with self._turn:
            at = time.monotonic()
            rows = await self.database.fetch(
                "SELECT put_event('gateway', 'prompt.label.moved', $1::text::uuid, 'prompt-' || n, '{\"n\": 1}')::text AS id"
                " FROM generate_series(1, $2) n",
                tenant.workspace_id,
                number,
            )
        ids = [row["id"] for row in rows]
        self.sent |= dict.fromkeys(ids, at)
        return ids

    def call(self, tenant: Tenant, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode() if body is not None else None,
            {"authorization": f"Bearer {tenant.api_key}", "content-type": "application/json"}, method=method,
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def endpoint(self, tenant: Tenant, path: str) -> str:
        made = self.call(tenant, "POST", "/v1/webhooks/endpoints", {"url": self.receiver_url + path, "events": ["prompt.label.moved"]})
        return str(made["id"])

    def received(self, what: str) -> Any:
        with urllib.request.urlopen(self.receiver_url + what, timeout=60) as response:
            return json.load(response)

    def count(self, kind: str) -> int:
        return int(self.received("/count")[kind])

    def webhooks_pids(self) -> list[int]:
        """Of the webhooks processes, the first first."""
        status = json.loads(
            subprocess.run([*self.burnish, "status", "--json", *self.home], capture_output=True, text=True, check=True).stdout
        )
        return [int(pid) for name, pid in sorted(status["pids"].items()) if name.startswith("webhooks")]

    async def until_received(self, kind: str, wanted: int) -> bool:
        """Whether so many deliveries of a kind came before it was quiet for QUIET_S."""
        last, since = -1, time.monotonic()
        while (now := await asyncio.to_thread(self.count, kind)) < wanted:
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > QUIET_S:
                return False
            await asyncio.sleep(0.1)
        return True
