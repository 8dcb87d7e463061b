"""The four calls of Daytona's HTTP API that a run needs: make a sandbox, look at it, run a program in it, delete it.

As Daytona's client libraries 0.226 make them (`daytona-api-client`, `daytona-toolbox-api-client`), without these: they would bring two
dozen packages. Sandboxes bear names of ours, so that one can be deleted whose making was never answered.
"""

import contextlib
import ipaddress
import json
import math
import re
import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

import aiohttp

from burnish_shared.egress.addresses import is_public
from burnish_shared.sandbox.daytona_place import DaytonaPlace

LABELS: Final = {"burnish": "sandbox", "code-toolbox-language": "python"}

LIFE_MINUTES: Final = 5
"""Daytona itself ends and deletes a sandbox that is so old: the last resort where we die, or cannot reach it to delete it."""

ANSWER_S: Final = 20.0
"""What Daytona may take to answer a call that runs nothing."""

START_S: Final = 60.0
"""What making a sandbox may take, as Daytona's own client has it; and again what its start may."""

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
"""What Daytona calls a sandbox: it becomes part of a path."""

CONNECT_S: Final = 10.0
ANSWER_BYTES: Final = 1024 * 1024
REST_LEAST_S, REST_S, REST_MOST_S = 1.0, 10.0, 60.0
"""How long nothing is asked after a refusal that says so, says nothing, or says too much."""

STARTED: Final = "started"
ON_THE_WAY: Final = frozenset(
    ("creating", "starting", "restoring", "pending_build", "building_snapshot", "pulling_snapshot", "resuming", "unknown")
)


class Trouble(StrEnum):
    """What Daytona does in place of what it was asked for."""

    AWAY = "away"
    REFUSED = "refused"
    BUSY = "busy"
    UNFIT = "unfit"
    LATE = "late"
    GONE = "gone"


class DaytonaTroubleError(Exception):
    """`status` None: no answer that could be read. `rest_s`: for how long Daytona wants to hear nothing. `did_nothing`: for certain."""

    def __init__(
        self, trouble: Trouble, *, status: int | None = None, said: str = "", rest_s: float = 0.0, did_nothing: bool = False
    ) -> None:
        super().__init__(trouble)
        self.trouble, self.status, self.said, self.rest_s, self.did_nothing = trouble, status, said, rest_s, did_nothing


@dataclass(frozen=True, slots=True)
class Made:
    """A sandbox, as Daytona tells of it. `toolbox_url`: where programs for it are sent."""

    id: str
    state: str
    has_network: bool
    toolbox_url: str


class DaytonaApi:
    """One session for all calls, opened by the first. Redirects are not followed, so that the key goes nowhere else."""

    def __init__(self, place: DaytonaPlace) -> None:
        self._place = place
        self._session: aiohttp.ClientSession | None = None

    async def make(self, name: str) -> Made:
        """Without a network. Raises DaytonaTroubleError."""
        body: dict[str, Any] = {
            "name": name, "labels": LABELS, "env": {}, "public": False, "networkBlockAll": True,
            "autoStopInterval": LIFE_MINUTES, "autoDeleteInterval": 0, "ttlMinutes": LIFE_MINUTES,
        }  # fmt: skip
        for field, value in (("target", self._place.target), ("snapshot", self._place.snapshot)):
            if value:
                body[field] = value
        return self._made(await self._call("POST", f"{self._place.url}/sandbox", body, timeout_s=START_S))

    async def look(self, name: str) -> Made:
        """Raises DaytonaTroubleError: `GONE` where there is none of this name."""
        return self._made(await self._call("GET", f"{self._place.url}/sandbox/{name}"))

    async def run(self, made: Made, program: str, *, timeout_s: int, most_bytes: int) -> str:
        """What the program printed. Raises DaytonaTroubleError: `LATE` where it was stopped after `timeout_s`."""
        body = {"code": program, "language": "python", "timeout": timeout_s, "envs": {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}}
        url = f"{made.toolbox_url.rstrip('/')}/{quote(made.id, safe='')}/process/code-run"
        said = await self._call("POST", url, body, timeout_s=timeout_s + ANSWER_S, most_bytes=most_bytes)
        result = said.get("result") if isinstance(said, dict) else None
        if not isinstance(result, str):
            raise DaytonaTroubleError(Trouble.UNFIT, said="no result")
        return result

    async def delete(self, name: str) -> None:
        """Raises DaytonaTroubleError: `GONE` where there is none of this name."""
        await self._call("DELETE", f"{self._place.url}/sandbox/{name}")

    async def look_around(self) -> None:
        """Whether the key opens anything at all; makes nothing. Raises DaytonaTroubleError."""
        await self._call("GET", f"{self._place.url}/sandbox?limit=1", most_bytes=8 * ANSWER_BYTES)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _call(
        self,
        method: Literal["GET", "POST", "DELETE"],
        url: str,
        body: dict[str, Any] | None = None,
        *,
        timeout_s: float = ANSWER_S,
        most_bytes: int = ANSWER_BYTES,
    ) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar())
        headers = {"Authorization": f"Bearer {self._place.key.get_secret_value()}", "Accept": "application/json"}
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S)
        try:
            async with self._session.request(method, url, json=body, headers=headers, timeout=timeout, allow_redirects=False) as response:
                text = await _read(response, most_bytes)
                if response.status >= 300:
                    raise self._trouble(response, text)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            unsent = isinstance(error, aiohttp.ClientConnectorError)
            raise DaytonaTroubleError(Trouble.AWAY, said=type(error).__name__, did_nothing=unsent) from None
        try:
            return json.loads(text) if text else None
        except (ValueError, RecursionError):
            raise DaytonaTroubleError(Trouble.UNFIT, status=response.status, said="no JSON") from None

    def _trouble(self, response: aiohttp.ClientResponse, text: bytes) -> DaytonaTroubleError:
        said, status = self._words(text), response.status
        match status:
            case 401 | 403:
                return DaytonaTroubleError(Trouble.REFUSED, status=status, said=said, rest_s=REST_MOST_S, did_nothing=True)
            case 429:
                return DaytonaTroubleError(Trouble.BUSY, status=status, said=said, rest_s=_rest_s(response), did_nothing=True)
            case 408:
                return DaytonaTroubleError(Trouble.LATE, status=status, said=said)
            case 404 | 410:
                return DaytonaTroubleError(Trouble.GONE, status=status, said=said, did_nothing=True)
            case _ if status < 500:
                return DaytonaTroubleError(Trouble.UNFIT, status=status, said=said, did_nothing=True)
            case _:
                return DaytonaTroubleError(Trouble.AWAY, status=status, said=said)

    def _words(self, text: bytes) -> str:
        """What Daytona says of a refusal, for the operator's log: one line, without the key."""
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(text)
            if isinstance(found, dict):
                words = " ".join(str(found.get("message", "")).split())
                return words.replace(self._place.key.get_secret_value(), "…")[:200]
        return ""

    def _made(self, said: Any) -> Made:
        """Raises DaytonaTroubleError where it tells of no sandbox, or of an address to which the key may not go."""
        if not isinstance(said, dict) or not isinstance(said.get("id"), str) or not ID.fullmatch(said["id"]):
            raise DaytonaTroubleError(Trouble.UNFIT, said="no sandbox")
        toolbox = str(said.get("toolboxProxyUrl") or "")
        if not may_have_the_key(toolbox, api_url=self._place.url):
            raise DaytonaTroubleError(Trouble.UNFIT, said="no address for programs")
        return Made(said["id"], str(said.get("state")), said.get("networkBlockAll") is not True, toolbox)


def may_have_the_key(url: str, *, api_url: str) -> bool:
    """Whether the key may go to where Daytona takes programs: with TLS where the API has it, and to no address inside a network unless the
    API lies in one. Names are not resolved: whoever sets them for the host of Daytona is trusted with its key."""
    try:
        to, api = urlsplit(url), urlsplit(api_url)
        is_fit = to.scheme in ("http", "https") and bool(to.hostname) and "@" not in to.netloc and not to.query and not to.fragment
        _ = to.port
    except ValueError:
        return False
    if not is_fit or (to.scheme == "http" and api.scheme != "http"):
        return False
    return not is_inside(to.hostname or "") or is_inside(api.hostname or "")


def is_inside(host: str) -> bool:
    """Whether this host is a literal address that is not public, or this machine by name. Also as `127.1` or `0x7f000001`."""
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        packed = socket.inet_aton(host)  # Takes what resolvers take, and no name.
    except (OSError, UnicodeError):
        pass
    else:
        return not is_public(ipaddress.IPv4Address(packed))
    try:
        return not is_public(ipaddress.ip_address(host))
    except ValueError:
        return False


async def why_not(place: DaytonaPlace) -> str | None:
    """Why no code could be run there, for the operator; None where Daytona lets us in. Makes no sandbox."""
    api = DaytonaApi(place)
    try:
        await api.look_around()
    except DaytonaTroubleError as error:
        heard = f"HTTP {error.status}" if error.status else error.said or "no answer"
        if error.trouble is Trouble.REFUSED:
            return f"Daytona at {place.url} refuses BURNISH_DAYTONA_API_KEY ({heard}); code of evaluators and guardrails cannot run."
        return f"Daytona at {place.url} does not answer as it should ({heard}); see BURNISH_DAYTONA_API_URL."
    finally:
        await api.close()
    return None


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """Raises ValueError beyond `most_bytes`."""
    text = b""
    async for piece in response.content.iter_chunked(65_536):
        text += piece
        if len(text) > most_bytes:
            raise ValueError("an answer beyond all limits")
    return text


def _rest_s(response: aiohttp.ClientResponse) -> float:
    try:
        asked_s = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return REST_S
    return min(REST_MOST_S, max(REST_LEAST_S, asked_s)) if math.isfinite(asked_s) else REST_S
