"""Send a delivery over a connection: pieces, gaps and the ending, which may be a reset."""

import asyncio
import os
import socket
import struct

from aiohttp import web

from burnish_simulator.counters import Counters
from burnish_simulator.delivery import Delivery

RESET_PAUSE_S = 0.02
"""Between the last piece and a reset, so that the reset does not overtake what was sent."""
FOREVER_S = 86_400.0
"""A stalled answer; ended by the client's leaving or by the stop of the server, which cancel it."""


async def send(request: web.Request, delivery: Delivery, counters: Counters) -> web.StreamResponse:
    """Send it all. Cancelled when the client leaves or the server stops."""
    if delivery.before_s:
        await asyncio.sleep(delivery.before_s)
    counters.statuses[delivery.status] += 1
    if delivery.announced_bytes is not None and not delivery.gap_s and delivery.ending == "clean":
        body = b"".join(delivery.pieces)
        counters.answer_bytes += len(body)
        return web.Response(body=body, status=delivery.status, headers=_headers(delivery))
    if delivery.ending == "reset" and not delivery.pieces:
        return await _reset(request, web.Response())
    response = web.StreamResponse(status=delivery.status, headers=_headers(delivery))
    if delivery.announced_bytes is not None:
        response.content_length = delivery.announced_bytes
    await response.prepare(request)
    await _write(response, delivery, counters)
    return await _end(request, response, delivery, counters)


def _headers(delivery: Delivery) -> dict[str, str]:
    return {"Content-Type": delivery.content_type, **delivery.headers}


async def _write(response: web.StreamResponse, delivery: Delivery, counters: Counters) -> None:
    if not delivery.gap_s:
        counters.answer_bytes += sum(map(len, delivery.pieces))
        await response.write(b"".join(delivery.pieces))
        return
    for number, piece in enumerate(delivery.pieces):
        if number:
            await asyncio.sleep(delivery.gap_s)
        counters.answer_bytes += len(piece)
        await response.write(piece)


async def _end(request: web.Request, response: web.StreamResponse, delivery: Delivery, counters: Counters) -> web.StreamResponse:
    match delivery.ending:
        case "reset":
            return await _reset(request, response)
        case "stall":
            await asyncio.sleep(FOREVER_S)
        case "endless":
            while True:
                await asyncio.sleep(delivery.gap_s)
                counters.answer_bytes += len(delivery.pieces[-1])
                await response.write(delivery.pieces[-1])
        case "clean":
            await response.write_eof()
    return response


async def _reset(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """End the connection with a TCP reset (RFC 9293, 3.5.2): what a killed provider looks like from outside."""
    await asyncio.sleep(RESET_PAUSE_S)
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        with socket.socket(fileno=os.dup(connection.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return response
