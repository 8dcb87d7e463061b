"""A DNS server of the test's own, and a resolver that asks it by real packets: names that move, mix, and lead elsewhere."""

import asyncio
import itertools
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

A: Final = 1
CNAME: Final = 5
AAAA: Final = 28
NAME_ERROR: Final = 3
ALIASES_MOST: Final = 8
ANSWER_WITHIN_S: Final = 2.0


@dataclass
class DnsServer:
    """`records[name]` are the answers to successive lookups of a name, the last for ever. An answer is a list of addresses and of
    other names (CNAME). TTL is 0. `asked` are the names in the order in which they were asked for."""

    port: int = 0
    records: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, packet: bytes) -> bytes:
        name, end = _name(packet, 12)
        kind = struct.unpack("!H", packet[end : end + 2])[0]
        if kind == A:  # A lookup asks for A first and for AAAA then; both see the same answer.
            self.asked.append(name)
            if len(self.records.get(name, [])) > 1 and self.asked.count(name) > 1:
                self.records[name].pop(0)
        found = self.records.get(name, [[]])[0]
        resources = [_resource(one, kind) for one in found]
        shown = [one for one in resources if one is not None]
        code = 0 if name in self.records else NAME_ERROR
        header = packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(shown), 0, 0)
        return header + packet[12 : end + 4] + b"".join(shown)


class DnsResolver:
    """The `Resolver` of burnish_shared.egress over one DNS server; follows aliases."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ids = itertools.count(1)

    async def resolve(self, host: str) -> Sequence[str]:
        """All addresses. Raises OSError when there is none."""
        found: list[str] = []
        name = host
        for _ in range(ALIASES_MOST):
            answers = [await self._ask(name, kind) for kind in (A, AAAA)]
            found += [one for addresses, _ in answers for one in addresses]
            alias = next((alias for _, alias in answers if alias), None)
            if alias is None:
                break
            name = alias
        if not found:
            raise OSError(f"no address for {host}")
        return list(dict.fromkeys(found))

    async def _ask(self, name: str, kind: int) -> tuple[list[str], str | None]:
        query = struct.pack("!HHHHHH", next(self._ids) % 65536, 0x0100, 1, 0, 0, 0) + _encoded(name) + struct.pack("!HH", kind, 1)
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            await loop.sock_sendto(asking, query, ("127.0.0.1", self._port))
            async with asyncio.timeout(ANSWER_WITHIN_S):
                packet, _ = await loop.sock_recvfrom(asking, 4096)
        return _read(packet)


@asynccontextmanager
async def serving_dns() -> AsyncIterator[DnsServer]:
    """A server on a free UDP port of 127.0.0.1."""
    server = DnsServer()

    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(server.answer(data), addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Protocol, local_addr=("127.0.0.1", 0))
    server.port = transport.get_extra_info("sockname")[1]
    try:
        yield server
    finally:
        transport.close()


def _encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\x00"


def _name(packet: bytes, at: int) -> tuple[str, int]:
    """A name without compression, and where it ends."""
    labels = []
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels), at + 1


def _resource(value: str, kind: int) -> bytes | None:
    try:
        address = ip_address(value)
    except ValueError:
        return _packed(CNAME, _encoded(value))
    of = A if address.version == 4 else AAAA
    return _packed(of, address.packed) if of == kind else None


def _packed(kind: int, data: bytes) -> bytes:
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(data)) + data


def _read(packet: bytes) -> tuple[list[str], str | None]:
    answers = struct.unpack("!H", packet[6:8])[0]
    _, at = _name(packet, 12)
    at += 4
    addresses, alias = [], None
    for _ in range(answers):
        kind, _, _, length = struct.unpack("!HHIH", packet[at + 2 : at + 12])
        data = packet[at + 12 : at + 12 + length]
        if kind == CNAME:
            alias = _name(data, 0)[0]
        else:
            addresses.append(str(ip_address(data)))
        at += 12 + length
    return addresses, alias
