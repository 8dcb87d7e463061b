"""Snippets of several versions at once: how often the database is asked does not grow with their number (PRODUCT P2)."""

from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from burnish_shared.db.session import Tx
from burnish_shared.db.snippet_store import snippets_of_versions

pytestmark = pytest.mark.capability("P2", "E1")

WORKSPACE = UUID(int=1)


class Prompts:
    """Texts by slug, as the query of a transaction answers; how often it was asked."""

    def __init__(self, **texts: Any) -> None:
        self.texts, self.asked = texts, 0

    async def fetch(self, _: str, workspace_id: UUID, names: list[str], slugs: list[str], *rest: Any) -> list[dict[str, Any]]:
        assert workspace_id == WORKSPACE
        self.asked += 1
        found = zip(names, slugs, strict=True)
        return [
            {"name": name, "slug": slug, "version": 1, "content": {"messages": self.texts[slug]}}
            for name, slug in found
            if slug in self.texts
        ]


def content(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def said(text: str) -> list[dict[str, Any]]:
    return list(content(text)["messages"])


async def test_a_chain_of_many_steps_is_one_query_for_each_depth() -> None:
    prompts = Prompts(voice=said("kind"), tone=said("Be {{> voice}}."), **{f"s{number}": said("{{> tone}}") for number in range(20)})
    found = await snippets_of_versions(cast(Tx, prompts), WORKSPACE, [content(f"{{{{> s{number}}}}} {uuid4()}") for number in range(20)])
    assert [sorted(one) for one in found] == [sorted([f"s{number}", "tone", "voice"]) for number in range(20)]
    assert prompts.asked == 3


async def test_a_version_whose_snippet_is_missing_or_cannot_be_included_costs_the_others_nothing() -> None:
    two = said("a") + said("b")
    prompts = Prompts(voice=said("kind"), two=two)
    found = await snippets_of_versions(
        cast(Tx, prompts), WORKSPACE, [content("{{> voice}}"), content("{{> gone}}"), content("{{> two}}"), content("none")]
    )
    assert [list(one) for one in found] == [["voice"], [], [], []]
