"""`python simulator/measure_cost.py`: CPU milliseconds of the simulator's process per call, at 1 and at 32 connections (Linux only)."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

CALLS = 4_000
WORDS = ["parcel", "invoice", "refund", "card", "account", "delivery", "late", "courier"]
WORDS += ["password", "login", "order", "charge", "fee", "address", "cancel", "subscription"]
LABELS = ["billing", "shipping", "returns", "access", "orders", "fees", "profile", "plans", "other"]
DEFINITIONS = "\n".join(f"- {label}: {', '.join(islice(cycle(WORDS), at, at + 8))}" for at, label in enumerate(LABELS))
ONLY_NAME = "Answer with exactly one name and nothing else."


def reader(number: int, *, new_prompt_every: int = CALLS) -> dict[str, Any]:
    system = f"Route the ticket.\n{DEFINITIONS}\n{ONLY_NAME}\nVariant {os.getpid()} {number // new_prompt_every}."
    ticket = f"Hello, my {WORDS[number % 16]} of order {number} is not right, please look at the {WORDS[number % 13]} again."
    return {"model": "reader", "messages": [{"role": "system", "content": system}, {"role": "user", "content": ticket}]}


def writer(number: int) -> dict[str, Any]:
    rows = [{"input": reader(n)["messages"][1]["content"], "expected": LABELS[n % 9], "got": LABELS[n % 5]} for n in range(36)]
    lines = [json.dumps(row) for row in rows]
    text = "\n".join(["PROMPT", DEFINITIONS, "FAILED", *lines[:12], "RIGHT", *lines[12:]])
    return {"model": "writer", "seed": number, "messages": [{"role": "user", "content": text}]}


KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "reader, 9 definitions": reader,
    "reader, a new prompt every 12 calls": lambda number: reader(number, new_prompt_every=12),
    "writer, 12 failed and 24 right cases": writer,
    "chat": lambda number: {"model": "chat", "messages": [{"role": "user", "content": f"Number {number}"}]},
    "chat, stream of 30 chunks": lambda number: {"model": "chat", "stream": True, "messages": [{"role": "user", "content": "30 words"}]},
}


def cpu_ms(pid: int) -> float:
    """User and system time of a process so far, in steps of one clock tick."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


async def call(port: int, bodies: list[dict[str, Any]]) -> None:
    reading, writing = await asyncio.open_connection("127.0.0.1", port)
    for body in bodies:
        payload = json.dumps(body).encode()
        writing.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(payload), payload))
        if body.get("stream"):
            await reading.readuntil(b"\r\n0\r\n\r\n")
            continue
        head = (await reading.readuntil(b"\r\n\r\n")).lower()
        await reading.readexactly(int(head.split(b"content-length: ")[1].split(b"\r")[0]))
    writing.close()


async def main() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "burnish_simulator", stderr=asyncio.subprocess.PIPE, env=environment
    )
    if process.stderr is None:
        raise RuntimeError("the simulator has no standard error")
    while "url" not in (line := json.loads(await process.stderr.readline())):
        pass
    port = int(line["url"].rpartition(":")[2])
    print("| CPU ms per call | 1 connection | 32 connections |\n|---|---|---|")
    for name, kind in KINDS.items():
        costs = []
        for connections in (1, 32):
            bodies = [kind(number + connections * CALLS) for number in range(CALLS if name[0] != "w" else CALLS // 10)]
            before = cpu_ms(process.pid)
            await asyncio.gather(*(call(port, bodies[first::connections]) for first in range(connections)))
            costs.append((cpu_ms(process.pid) - before) / len(bodies))
        print(f"| {name} | {costs[0]:.2f} | {costs[1]:.2f} |")
    process.terminate()
    await process.wait()


if __name__ == "__main__":
    asyncio.run(main())
