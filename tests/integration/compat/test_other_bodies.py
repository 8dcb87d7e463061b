"""Who sends something else than a JSON object to a main route is told what it is, and shown what is wanted."""

import json
from typing import Any

import pytest

from burnish_gateway.other_bodies import EXAMPLES
from tests.embedded.stack import Caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-08")]

LINE = {"custom_id": "1", "body": {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello"}]}}
LINES = "\n".join([json.dumps(LINE), json.dumps(LINE | {"custom_id": "2"})])


async def sent(caller: Caller, path: str, text: str, *, of: str) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {caller.key}", "content-type": of}
    async with caller.session.post(f"{caller.url}{path}", data=text.encode(), headers=headers) as response:
        return response.status, (await response.json()).get("error")


@pytest.mark.parametrize("path", EXAMPLES)
async def test_the_words_say_what_came_and_what_is_wanted(caller: Caller, path: str) -> None:
    for text, of, what in (
        (LINES, "application/x-ndjson", "JSON lines"), ("model=x&input=y", "application/x-www-form-urlencoded", "a form"),
        ("[]", "application/json", "a JSON array"),
        ("null", "application/json", "JSON and no object"), ('"Hello"', "application/json", "JSON and no object"),
    ):  # fmt: skip
        status, error = await sent(caller, path, text, of=of)
        assert (status, error["code"]) == (400, "invalid_body"), error
        assert error["message"].startswith(f"The body is {what}") and EXAMPLES[path] in error["message"]
        assert ("POST /v1/files" in error["message"]) is (path == "/v1/batches" and what == "JSON lines")


@pytest.mark.parametrize("path", [one for one in EXAMPLES if one != "/v1/feedback"])
async def test_the_examples_work_as_they_stand(caller: Caller, path: str) -> None:
    status, error = await sent(caller, path, EXAMPLES[path], of="text/plain")
    assert status == 200, error


async def test_lines_of_a_batch_are_told_where_they_go_one_or_many_and_however_they_come(caller: Caller) -> None:
    """`curl -d @FILE` takes the line breaks out."""
    for line in (LINE, {"custom_id": "1", "variables": {"a": "b"}}):
        one = json.dumps(line)
        for text in (one, one + "\n", f"{one}\n{one}", one + one):
            status, error = await sent(caller, "/v1/batches", text, of="application/x-ndjson")
            assert (status, error["code"]) == (400, "invalid_body") and "POST /v1/files" in error["message"], error


async def test_a_token_count_says_of_a_wrong_body_what_a_call_does(caller: Caller) -> None:
    for path in ("/v1/messages", "/v1/responses"):
        route = f"{path}/{'count_tokens' if path == '/v1/messages' else 'input_tokens'}"
        for text, what in ((LINES, "JSON lines"), ("[]", "a JSON array"), (LINES.replace("\n", ""), "JSON lines without")):
            status, error = await sent(caller, route, text, of="application/json")
            assert status == 400 and error["message"].startswith(f"The body is {what}"), error
            assert EXAMPLES[route] in error["message"]
