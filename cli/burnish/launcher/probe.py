"""Whether a process answers that it is ready."""

import asyncio
from typing import Final

PROBE_TIMEOUT_S: Final = 2.0


async def answers_ready(port: int, *, path: str = "/readyz") -> bool:
    """True when GET `path` on loopback is answered 200. False for anything else: no listener, silence, another status."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
                status_line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status_line.split(b" ")[1:2] == [b"200"]
