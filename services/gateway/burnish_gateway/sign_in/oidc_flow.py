"""One sign-in through an OpenID provider on its way: what its start leaves in the browser, sealed, and its end must find again.

The cookie, one for each flow, binds the answer to the browser that asked (login CSRF), the nonce binds the ID token to this flow, the
verifier binds the code to us (PKCE, RFC 7636). `next` is a path of our own.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from burnish_shared.auth.sealing import derived_key, open_sealed, seal

FLOW_S = 600
"""How long somebody may take at the provider."""

RANDOM_BYTES = 32
NEXT_MOST = 500
SPENT_MOST = 10_000
FLOWS_MOST = 5
"""Flows that one browser may have on their way, such as in several tabs; who begins one more gives up the oldest."""

STATE = re.compile(r"[A-Za-z0-9_-]{43}")
NAMED_BY = 16
"""Characters of the state in the name of its cookie."""

COOKIE = "burnish_oidc_"
SECURE_COOKIE = "__Host-burnish_oidc_"
"""A browser takes this name only with Secure and Path=/ and without Domain, so no neighbouring host can plant a flow of its own."""

PATH = "/v1/auth/oidc"
CONTEXT = "installation|oidc-flow|1|cookie"


@dataclass(frozen=True, slots=True)
class Flow:
    """`started_at_s`: seconds since 1970. `next_path`: where the browser goes in the end."""

    issuer: str
    state: str
    nonce: str
    verifier: str
    next_path: str
    started_at_s: int

    @property
    def challenge(self) -> str:
        """S256 of the verifier (RFC 7636, 4.2)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def is_answered_by(self, state: str) -> bool:
        return hmac.compare_digest(self.state.encode(), state.encode("utf-8", "surrogatepass"))


def new_flow(issuer: str, *, next_path: str, now_s: int) -> Flow:
    state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
    return Flow(issuer=issuer, state=state, nonce=nonce, verifier=verifier, next_path=next_path, started_at_s=now_s)


def is_local_path(path: str) -> bool:
    """Whether a browser that is sent there stays here: a path, no other host in any spelling that browsers understand as one."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or len(path) > NEXT_MOST:
        return False
    if "\\" in path or not path.isascii() or any(character <= " " or character == "\x7f" for character in path):
        return False
    try:
        parts = urlsplit(path)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc


@dataclass(slots=True)
class SpentStates:
    """States of flows that came back to this process. Elsewhere a replay fails by the code, which a provider takes once."""

    _until: "OrderedDict[str, float]" = field(default_factory=OrderedDict)

    def spend(self, state: str) -> bool:
        """False: it was spent before."""
        now_s = time.monotonic()
        if self._until.get(state, 0.0) > now_s:
            return False
        self._until[state] = now_s + 2 * FLOW_S
        while len(self._until) > SPENT_MOST:
            self._until.popitem(last=False)
        return True


@dataclass(frozen=True, slots=True)
class FlowCookie:
    """Puts a flow into a cookie and takes it out again. `session_key`: the installation's."""

    session_key: bytes
    is_secure: bool

    def name(self, state: str) -> str:
        """Of the flow with this state, so that sign-ins in two tabs do not overwrite each other."""
        return f"{self._prefix}{state[:NAMED_BY]}"

    def header(self, flow: Flow) -> str:
        """The value of Set-Cookie."""
        sealed = seal(self._key(), json.dumps(asdict(flow)).encode(), context=CONTEXT)
        return self._written(self.name(flow.state), base64.urlsafe_b64encode(sealed).rstrip(b"=").decode(), max_age_s=FLOW_S)

    def cleared(self, state: str | None) -> tuple[str, ...]:
        """The value of Set-Cookie that makes the browser forget the flow with this state; nothing for what is no state of ours."""
        is_ours = state is not None and STATE.fullmatch(state)
        return (self._written(self.name(state), "", max_age_s=0),) if state is not None and is_ours else ()

    def make_room(self, cookies: Mapping[str, str], *, issuer: str, now_s: int) -> tuple[str, ...]:
        """Values of Set-Cookie after which one more flow fits: whatever is none any more is forgotten, and the oldest beyond FLOWS_MOST."""
        ours = {name: value for name, value in cookies.items() if name.startswith(self._prefix)}
        flows = {name: flow for name, value in ours.items() if (flow := self.read(value, issuer=issuer, now_s=now_s)) is not None}
        kept = sorted(flows, key=lambda name: flows[name].started_at_s, reverse=True)[: FLOWS_MOST - 1]
        return tuple(self._written(name, "", max_age_s=0) for name in ours if name not in kept)

    def read(self, value: str | None, *, issuer: str, now_s: int) -> Flow | None:
        """None for a cookie that is missing, not ours, of another provider, or older than FLOW_S."""
        try:
            sealed = base64.urlsafe_b64decode((value or "") + "==")
            flow = Flow(**json.loads(open_sealed(self._key(), sealed, context=CONTEXT)))
        except (ValueError, TypeError, binascii.Error):
            return None
        is_current = flow.issuer == issuer and -FLOW_S < now_s - flow.started_at_s <= FLOW_S
        return flow if is_current else None

    def _key(self) -> bytes:
        return derived_key(self.session_key, purpose="oidc-flow")

    @property
    def _prefix(self) -> str:
        return SECURE_COOKIE if self.is_secure else COOKIE

    def _written(self, name: str, value: str, *, max_age_s: int) -> str:
        """Lax, since the browser comes back from the provider's page."""
        parts = [f"{name}={value}", f"Max-Age={max_age_s}", "Path=/", "HttpOnly", "SameSite=Lax"]
        return "; ".join([*parts, "Secure"] if self.is_secure else parts)
