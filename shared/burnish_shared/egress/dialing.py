"""Dials only what was checked: an aiohttp connector whose resolver gives vetted addresses, and that looks at the peer before it sends."""

import socket
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from burnish_shared.egress.addresses import EgressPolicy
from burnish_shared.egress.resolving import Resolver, SystemResolver
from burnish_shared.egress.target import EgressRefused, Target, parse_target, refuse_unless_reachable

if TYPE_CHECKING:
    from aiohttp.client import ClientTimeout
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

KEEPALIVE_S = 15.0

LITERALS_MOST = 1_024
"""URLs with a literal address that one process remembers to have passed."""

PEERS_MOST = 4_096
"""Schemes, ports and addresses that one connector remembers to have passed together."""


class Egress:
    """The guard of one process: a policy, a resolver, and sessions that obey both.

    `check` serves where a URL is stored or tried; `session` is for calling it, and checks again at every new connection.
    """

    def __init__(self, policy: EgressPolicy, *, resolver: Resolver | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.policy = policy
        self._resolver = resolver or SystemResolver()
        self._tls = tls
        self._literals: dict[str, Target] = {}

    async def check(self, url: str) -> Target:
        """Reads the URL and refuses it if it is bad by its text or by any address it has now. Raises EgressRefused.

        A name that does not resolve at the moment passes, and the target says so (`resolves`): it is looked at again when it is dialled.
        """
        known = self._literals.get(url)
        if known is not None:
            return known
        target = parse_target(url)
        addresses = [target.address] if target.address else []
        if target.address is None:
            try:
                addresses = list(await self._resolver.resolve(target.host))
            except OSError:
                target = replace(target, resolves=False)
        refuse_unless_reachable(target, addresses, policy=self.policy)
        if target.address is not None and len(self._literals) < LITERALS_MOST:
            self._literals[url] = target  # An address stays what it is, and so does the policy of a process.
        return target

    async def addresses(self, target: Target) -> list[str]:
        """The addresses that may be dialled for a target, all checked. Raises EgressRefused, or OSError when it does not resolve."""
        addresses = [target.address] if target.address else list(await self._resolver.resolve(target.host))
        refuse_unless_reachable(target, addresses, policy=self.policy)
        return addresses

    def session(self, scheme: Literal["http", "https"], *, timeout: aiohttp.ClientTimeout, limit: int = 0) -> aiohttp.ClientSession:
        """A session for URLs of one scheme. The caller closes it, and passes `allow_redirects=False` with every request.

        Proxy variables of the environment are not followed. `limit` is the number of connections at once, 0 for any.
        """
        return aiohttp.ClientSession(
            connector=_GuardedConnector(self, scheme, tls=self._tls, limit=limit),
            timeout=timeout,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )


class _GuardedConnector(aiohttp.TCPConnector):
    """Refuses a request by its URL before dialling, and by its peer before anything is sent."""

    def __init__(self, egress: Egress, scheme: Literal["http", "https"], *, tls: ssl.SSLContext | None, limit: int) -> None:
        super().__init__(
            resolver=_GuardedResolver(egress, scheme), use_dns_cache=False, limit=limit, keepalive_timeout=KEEPALIVE_S, ssl=tls or True
        )
        self._egress = egress
        self._scheme = scheme
        self._passed: set[tuple[str, int, str]] = set()

    async def connect(self, req: "ClientRequest", traces: "list[Trace]", timeout: "ClientTimeout") -> "Connection":
        url = req.url.with_fragment(None) if req.url.raw_fragment else req.url
        target = parse_target(str(url))
        if target.scheme != self._scheme or target.host != req.url.raw_host or target.port != req.port:
            raise EgressRefused("The URL was read in two ways; it is not called.", param="url")
        if target.address is not None:
            self._refuse_unless_reachable(target, target.address)
        connection = await super().connect(req, traces, timeout)
        peer = connection.transport.get_extra_info("peername") if connection.transport else None
        try:
            self._refuse_unless_reachable(target, peer[0] if peer else "")
        except EgressRefused:
            connection.close()
            raise
        return connection

    def _refuse_unless_reachable(self, target: Target, address: str) -> None:
        """What passed once passes again: a process has one policy, and what it says depends on these three alone."""
        place = (target.scheme, target.port, address)
        if place in self._passed:
            return
        refuse_unless_reachable(target, [address], policy=self._egress.policy)
        if len(self._passed) >= PEERS_MOST:
            self._passed.clear()
        self._passed.add(place)


class _GuardedResolver(AbstractResolver):
    """What aiohttp asks for addresses: all of them checked, or none given."""

    def __init__(self, egress: Egress, scheme: Literal["http", "https"]) -> None:
        self._egress = egress
        self._scheme = scheme

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        target = parse_target(f"{self._scheme}://{host}:{port}/")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self._egress.addresses(target)
        ]

    async def close(self) -> None:
        """Nothing is held."""
