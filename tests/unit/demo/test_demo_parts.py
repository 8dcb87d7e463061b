"""What the demo is made of: it believes no unsigned webhook, no figure that the executions do not bear out, and repeats nothing twice."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from burnish.demo.api import Refused, connected
from burnish.demo.failure import DemoFailed
from burnish.demo.receiver import receiving
from burnish.demo.recount import recount
from burnish.demo.tickets import VARIABLE, TicketSet, own_tickets, tickets_of

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgdGVzdCwgMzIgYnl0ZXMhIQ=="

Answer = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def api_of(answer: Answer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.capability("W1")
async def test_the_receiver_counts_signed_messages_once_and_refuses_others() -> None:
    body, now = json.dumps({"type": "alert.raised", "data": {"version": 1}}), datetime.now(UTC)
    signature = Webhook(SECRET).sign("msg_1", now, body)
    signed = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    forged = signed | {"webhook-signature": "v1,Zm9yZ2Vk"}
    async with receiving() as receiver, aiohttp.ClientSession() as session:
        statuses = []
        for secret, headers in (("", signed), (SECRET, signed), (SECRET, signed), (SECRET, forged), (SECRET, {})):
            receiver.secret = secret
            async with session.post(receiver.url, data=body, headers=headers) as answer:
                statuses.append(answer.status)
        await receiver.wait_for(("alert.raised", {"version": 1}), patience_s=10)
        assert (statuses, receiver.refused, receiver.repeats) == ([400, 204, 204, 400, 400], 3, 1)
        with pytest.raises(DemoFailed, match="in vain"):
            await receiver.wait_for(("alert.raised", {"version": 2}), patience_s=0.01)


async def test_a_call_is_repeated_under_one_idempotency_key_and_an_error_is_told_in_its_own_words() -> None:
    keys: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        keys.append(request.headers.get("idempotency-key"))
        if request.path == "/wrong":
            return web.json_response({"error": {"message": "No such thing.", "code": "not_found"}}, status=404)
        return web.json_response({"ok": True}, status=503 if len(keys) < 3 else 200, headers={"retry-after": "0"})

    async with api_of(answer) as url, connected(url, "bk_test") as api:
        assert await api.post("/v1/things", {}) == {"ok": True}
        assert len(keys) == 3 and len(set(keys)) == 1 and keys[0]
        with pytest.raises(Refused, match="No such thing") as refused:
            await api.get("/wrong")
        assert (refused.value.status, refused.value.code) == (404, "not_found")


def stored(tickets: TicketSet, *, wrong_before: int) -> dict[str, dict[str, Any]]:
    """Executions of a measurement: the old prompt is wrong on the first `wrong_before` tickets, the new one on none."""
    found: dict[str, dict[str, Any]] = {}
    for number, ticket in enumerate(tickets.of_split("test")):
        for arm, version in (("before", 1), ("after", None)):
            is_wrong = arm == "before" and number < wrong_before
            output = "I think it is about that." if is_wrong else ticket.expected
            found[f"{arm}-{number}"] = {"output": output, "version": version, "variables": {VARIABLE: ticket.text}}
    return found


@pytest.mark.capability("O4")
async def test_figures_that_the_stored_executions_do_not_bear_out_are_not_believed() -> None:
    tickets = own_tickets()
    executions = stored(tickets, wrong_before=30)

    async def answer(request: web.Request) -> web.Response:
        identity = request.path.rpartition("/")[2]
        if identity != "executions":
            return web.json_response(executions[identity])
        start = int(request.query.get("cursor", 0))
        rows = [{"id": one, "status": "success"} for one in list(executions)[start : start + 200]]
        return web.json_response({"data": rows, "next_cursor": str(start + 200) if start + 200 < len(executions) else None})

    test = {"n": 198, "fixed": 30, "broken": 0, "baseline": round(168 / 198, 6)}
    job = {"id": "job", "base_version": 1, "test": test}
    async with api_of(answer) as url, connected(url, "bk_test") as api:
        counted = await recount(api, job, tickets)
        assert (counted.before, counted.after, counted.fixed_by_form, counted.chatter_after) == (168, 198, 30, 0)
        with pytest.raises(DemoFailed, match="disagree"):
            await recount(api, job | {"test": test | {"fixed": 31}}, tickets)


def test_the_weak_prompt_of_somebodys_file_knows_the_names_of_its_labels_alone(tmp_path: Path) -> None:
    file = tmp_path / "Our Tickets.jsonl"
    rows = [
        {"input": f"secret word {split} {number}", "expected": ("late_parcel", "refund")[number % 2], "split": split}
        for split in ("train", "val", "test")
        for number in range(20)
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows))
    tickets = tickets_of(file)
    text = tickets.weak["messages"][0]["content"]
    assert "- late_parcel: late, parcel" in text and "- refund: refund" in text and "secret" not in text
    assert (tickets.slug, tickets.handwritten, len(tickets.of_split("validation"))) == ("from-our-tickets", None, 20)
    assert tickets.for_traffic(1) == tickets.for_traffic(1) != tickets.for_traffic(2)
    assert all(ticket.split != "test" for ticket in tickets.for_traffic(1))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"input": "a", "expected": "b"}', "line 1"),
        ("nonsense", "line 1"),
        ("", "fewer than 20"),
        ('{"input": 1, "split": "test"}', "line 1"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_its_reason(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text(text)
    with pytest.raises(DemoFailed, match=why):
        tickets_of(file)
