"""Items of a dataset are found by their words, as whoever chooses anchors of a search looks for them."""

import csv
import io
import json
from typing import Any

import pytest

from burnish_gateway.datasets import find_items, find_items_store, write_file
from tests.embedded.stack import Caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D1", "O2")]

ITEMS = [
    {"input": "My CARD was swallowed", "expected": "card", "split": "train"},
    {"input": {"ticket": 'It says "declined"\nwhy?', "tone": "cross"}, "expected": "card", "split": "validation"},
    {"input": "Where is my Überweisung 100%?", "expected": "transfer", "split": "validation"},
    {"input": "A card for my son", "expected": "card", "split": "test"},
    {"input": {}, "expected": "nothing", "split": "train"},
]


async def found(caller: Caller, dataset: str, query: str) -> list[Any]:
    answer = await caller("GET", f"/v1/datasets/{dataset}/items?{query}")
    assert answer.status == 200, answer.body
    return [ITEMS.index({name: one[name] for name in ("input", "expected", "split")}) for one in answer.body["data"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=card", [0, 1, 3]),
        ("q=card&split=train,validation", [0, 1]),
        ("q=card&split=val, train", [0, 1]),
        ("q=%20Swallowed%20", [0]),
        ("q=%22declined%22%0Awhy", [1]),  # as it is read, not as JSON writes it
        ("q=tone", []),  # the name of a variable is no word of an item
        ("q=%C3%BCberweisung", [2]),
        ("q=100%25?", [2]),
        ("q=0_%25", []),  # no pattern
        ("q=nothing", [4]),
        ("split=train,validation", [0, 1, 2, 4]),
        ("q=", [0, 1, 2, 3, 4]),
    ],
)
async def test_items_are_found_by_what_somebody_reads_of_them(caller: Caller, query: str, expected: list[int]) -> None:
    dataset = (await caller("POST", "/v1/datasets", {"name": "words", "items": ITEMS})).body["id"]
    assert await found(caller, dataset, query.replace(" ", "%20")) == expected


async def test_words_go_with_pages_and_with_ids(caller: Caller) -> None:
    dataset = (await caller("POST", "/v1/datasets", {"name": "words", "items": ITEMS})).body["id"]
    path = f"/v1/datasets/{dataset}/items"
    first = (await caller("GET", f"{path}?q=card&limit=1")).body
    second = (await caller("GET", f"{path}?q=card&limit=1&cursor={first['next_cursor']}")).body
    assert [one["split"] for one in (*first["data"], *second["data"])] == ["train", "validation"]
    assert (await caller("GET", f"{path}?q=other&limit=1&cursor={first['next_cursor']}")).status == 422, (
        "a cursor goes on with its own words"
    )
    assert await found(caller, dataset, f"q=card&item={second['data'][0]['id']}&item={first['data'][0]['id']}") == [0, 1]


async def walked(caller: Caller, dataset: str, query: str) -> list[list[int]]:
    """The places of what each page has, to the last one."""
    pages: list[list[int]] = []
    cursor = ""
    while True:
        answer = await caller("GET", f"/v1/datasets/{dataset}/items?{query}{cursor}")
        assert answer.status == 200, answer.body
        pages.append([one["metadata"]["place"] for one in answer.body["data"]])
        if answer.body["next_cursor"] is None:
            return pages
        cursor = f"&cursor={answer.body['next_cursor']}"


@pytest.mark.parametrize("bounds", [{"WINDOW_ITEMS": 4}, {"WINDOW_BYTES": 1}, {"WINDOW_BYTES": 100}, {"READ_MOST_BYTES": 100}, {}])
async def test_a_large_dataset_is_looked_through_in_parts(caller: Caller, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, int]) -> None:
    """Nothing is found twice or left out, whatever part is looked at at a time; a page of none says where to look on."""
    for name, most in bounds.items():
        monkeypatch.setattr(find_items_store if name.startswith("WINDOW") else find_items, name, most)
    monkeypatch.setattr(find_items_store, "WINDOW_ITEMS", bounds.get("WINDOW_ITEMS", 8))
    monkeypatch.setattr(find_items, "WINDOWS_MOST", 2 if bounds else 20)
    splits = ("train", "validation", "test")
    rare = {3, 4, 17, 29}
    items = [
        {"input": f"{'rare' if n in rare else 'usual'} {n}", "expected": "x", "split": splits[n % 3], "metadata": {"place": n}}
        for n in range(30)
    ]
    dataset = (await caller("POST", "/v1/datasets", {"name": "long", "items": items})).body["id"]
    for query, expected in (
        ("q=rare", sorted(rare)),
        ("q=rare&limit=1", sorted(rare)),
        ("q=rare&split=train,validation", [3, 4]),
        ("q=usual&limit=5", [n for n in range(30) if n not in rare]),
        ("q=nowhere", []),
    ):
        pages = await walked(caller, dataset, query)
        assert [place for page in pages for place in page] == expected, (query, pages)
        assert "limit=1" not in query or all(len(page) <= 1 for page in pages)
        assert "nowhere" not in query or (len(pages) > 1) == bool(bounds)


async def test_a_split_that_there_is_not_is_named(caller: Caller) -> None:
    dataset = (await caller("POST", "/v1/datasets", {"name": "words", "items": ITEMS})).body["id"]
    refused = await caller("GET", f"/v1/datasets/{dataset}/items?split=train,tests")
    assert (refused.status, refused.body["error"]["param"]) == (422, "split")
    assert (await caller("GET", f"/v1/datasets/{dataset}/items?q={'a' * 201}")).status == 422


MARKED = [
    {"input": "one", "expected": "card", "split": "train", "metadata": {"category": "billing", "tags": ["vip", "de"]}},
    {"input": "two", "expected": "card", "split": "validation", "metadata": {"category": "billing", "tags": ["de"]}, "synthetic": True},
    {"input": "three", "expected": "=1+1", "split": "train", "metadata": {"category": "=cmd", "tags": [], "note": {"by": "Ann"}}},
    {"input": {"ticket": "four", "tone": "cross"}, "expected": 'a, "b"\nc', "split": "test"},
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("category=billing", [0, 1]),
        ("category=bill", []),
        ("tag=de", [0, 1]),
        ("tag=vip", [0]),
        ("synthetic=true", [1]),
        ("synthetic=false", [0, 2, 3]),
        ("category=billing&tag=de&synthetic=false", [0]),
        ("tag=de&split=validation", [1]),
        ("tag=de&q=one", [0]),
    ],
)
async def test_items_are_found_by_category_tag_and_whether_they_were_made_up(caller: Caller, query: str, expected: list[int]) -> None:
    dataset = (await caller("POST", "/v1/datasets", {"name": "marks", "items": MARKED})).body["id"]
    answer = await caller("GET", f"/v1/datasets/{dataset}/items?{query}")
    assert answer.status == 200, answer.body
    assert [[one["input"] for one in MARKED].index(one["input"]) for one in answer.body["data"]] == expected


async def test_a_cursor_goes_on_with_its_own_filters(caller: Caller) -> None:
    dataset = (await caller("POST", "/v1/datasets", {"name": "marks", "items": MARKED})).body["id"]
    path = f"/v1/datasets/{dataset}/items?limit=1"
    first = (await caller("GET", f"{path}&tag=de")).body
    second = (await caller("GET", f"{path}&tag=de&cursor={first['next_cursor']}")).body
    assert [one["input"] for one in second["data"]] == ["two"] and second["next_cursor"] is None
    assert (await caller("GET", f"{path}&tag=vip&cursor={first['next_cursor']}")).status == 422


async def test_a_dataset_is_a_table_that_no_spreadsheet_runs(caller: Caller) -> None:
    dataset = (await caller("POST", "/v1/datasets", {"name": "marks", "items": MARKED})).body["id"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_file, "ITEMS_AT_ONCE", 2)
        table = await caller("GET", f"/v1/datasets/{dataset}/file?format=csv")
    assert table.headers["content-type"].startswith("text/csv") and table.headers["content-disposition"].endswith('-v1.csv"')
    rows = list(csv.DictReader(io.StringIO(table.raw.decode(), newline="")))
    assert [one["expected"] for one in rows] == ["card", "card", "'=1+1", MARKED[3]["expected"]]
    assert [(one["category"], one["tags"], one["synthetic"]) for one in rows] == [
        ("billing", "vip; de", ""), ("billing", "de", "true"), ("'=cmd", "", ""), ("", "", ""),
    ]  # fmt: skip
    assert json.loads(rows[3]["input"]) == MARKED[3]["input"] and json.loads(rows[2]["metadata"]) == {"note": {"by": "Ann"}}
    assert (await caller("GET", f"/v1/datasets/{dataset}/file?format=csv&split=test")).raw.count(b"\r\n") == 2


@pytest.mark.capability("D1")
async def test_the_tickets_that_burnish_ships_become_a_dataset_and_are_found_by_name(caller: Caller) -> None:
    made = await caller("POST", "/v1/datasets", {"sample": "support_tickets"})
    assert made.status == 201 and made.body["name"] == "Support tickets", made.body
    assert (made.body["counts"]["test"], made.body["added"], made.body["duplicates"]) == (198, sum(made.body["counts"].values()), 0)
    named = await caller("POST", "/v1/datasets", {"sample": "support_tickets", "name": "100% mine_"})
    assert named.status == 201 and named.body["counts"] == made.body["counts"], named.body

    async def found(q: str) -> list[str]:
        return [one["name"] for one in (await caller("GET", f"/v1/datasets?q={q}")).body["data"]]

    assert await found("TICKETS") == ["Support tickets"] and await found("0%25%20mine_") == ["100% mine_"]
    assert await found("%25") == ["100% mine_"] and await found("nothing") == []
    assert await found("") == ["100% mine_", "Support tickets"]
    again = [(await caller("POST", "/v1/datasets", {"sample": "support_tickets"})).body["name"] for _ in range(2)]
    assert again == ["Support tickets 2", "Support tickets 3"], "told apart wherever a dataset is chosen by its name"
    item = {"input": "a", "expected": "b"}
    for body, param in (
        ({"sample": "support_tickets", "items": [item]}, "sample"), ({"sample": "others"}, "sample"), ({"name": "n"}, "items"),
        ({"items": [item]}, "name"), ({"name": "n", "items": []}, "items"),
    ):  # fmt: skip
        refused = await caller("POST", "/v1/datasets", body)
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
