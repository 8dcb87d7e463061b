"""Versions that came in keep the names of their authors, whatever their file calls them (PRODUCT P4, P10)."""

import json

import pytest

from tests.embedded.stack import Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P4", "P10")]


@pytest.mark.parametrize("author", ["user:ann", "user:", "user:" + "9" * 190])
async def test_a_version_whose_author_is_nobody_here_can_be_talked_about_and_reviewed(stack: Stack, author: str) -> None:
    there, here = await stack.caller(), await stack.caller()
    assert (await there("POST", "/v1/prompts", {"slug": "desk", "template": "Say {{x}}.", "model": "simulated/chat"})).status == 201
    bundle = json.loads((await there("GET", "/v1/export?scope=prompts")).raw)
    bundle["prompts"][0]["versions"][0]["author"] = author
    assert (await here("POST", "/v1/import", bundle)).status == 200
    commented = await here("POST", "/v1/prompts/desk/comments", {"version": 1, "body": "Why?"})
    assert commented.status == 201, commented.body
    asked = await here("POST", "/v1/prompts/desk/versions/1/review", {"note": "Look."})
    assert asked.status == 201, asked.body
    decided = await here("POST", "/v1/prompts/desk/versions/1/review/withdraw")
    assert decided.status == 200, decided.body
