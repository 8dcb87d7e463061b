"""Versions taken apart and put together again: what was changed apart comes together, and what was changed twice is asked about."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.registry.ancestry import PAGE, nearest_common_ancestor
from burnish_gateway.registry.cherry_pick import picked
from burnish_gateway.registry.content import VersionContent, taken_over
from burnish_gateway.registry.difference import applied, difference
from burnish_gateway.registry.three_way import Conflict, Resolution, merged
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("P4")

LINES = ["a", "b", "c", "", "{{x}}", " b"]
texts = st.lists(st.sampled_from(LINES), min_size=1, max_size=6).map("\n".join)
messages = st.one_of(
    st.builds(lambda role, content: {"role": role, "content": content}, st.sampled_from(["system", "user", "assistant"]), texts),
    st.builds(lambda content, name: {"role": "user", "content": content, "name": name}, texts, st.sampled_from(["ann", "a"])),
    st.builds(lambda name: {"role": "placeholder", "name": name}, st.sampled_from(["history", "a"])),
    st.builds(lambda optional: {"role": "placeholder", "name": "history", "optional": optional}, st.booleans()),
)
variables = st.fixed_dictionaries({}, optional={"type": st.sampled_from(["string", "number"]), "default": st.sampled_from(["x", 1, True])})
variants = st.lists(
    st.builds(lambda model, text: {"model": model, "messages": [{"role": "user", "content": text}]}, st.sampled_from("mno"), texts),
    min_size=1, max_size=2, unique_by=lambda one: one["model"],
)  # fmt: skip
contents = st.builds(
    VersionContent.from_fields,
    st.fixed_dictionaries(
        {"messages": st.lists(messages, min_size=1, max_size=4), "model": st.sampled_from(["m", "n"])},
        optional={
            "provider": st.just("p"),
            "temperature": st.sampled_from([0, 0.5, 1]),
            "stop": st.sampled_from(["x", ["x", "y"]]),
            "fallback_cheaper": st.booleans(),
            "parameters": st.dictionaries(st.sampled_from(["x", "y", "z"]), variables, min_size=1),
            "variants": variants,
            "test_cases": st.just([{"variables": {"x": "1"}}]),
        },
    ),
)


def content(*texts: str, **fields: Any) -> VersionContent:
    return VersionContent.from_fields({"messages": [{"role": "user", "content": text} for text in texts], "model": "m", **fields})


@given(contents, contents)
def test_a_difference_that_is_applied_gives_the_other_version(before: VersionContent, after: VersionContent) -> None:
    assert applied(before, difference(before, after)) == after


@given(contents, contents)
def test_picking_everything_gives_the_version_that_is_picked_from(onto: VersionContent, source: VersionContent) -> None:
    assert taken_over(onto, picked(onto, source, ["*"])) == source
    assert taken_over(onto, picked(onto, onto, ["*"])) == onto


@given(contents, contents)
def test_picking_some_parts_takes_these_and_leaves_the_rest(onto: VersionContent, source: VersionContent) -> None:
    after = taken_over(onto, picked(onto, source, ["model", "temperature"])).fields()
    assert after.get("temperature") == source.fields().get("temperature") and after["model"] == source.model
    rest = {name: value for name, value in onto.fields().items() if name not in ("model", "temperature")}
    assert {name: value for name, value in after.items() if name not in ("model", "temperature")} == rest


def test_messages_and_variables_are_picked_one_by_one() -> None:
    onto = content("a", "b", parameters={"x": {"type": "string"}, "y": {"type": "string"}})
    source = content("A", "B", "C", parameters={"x": {"type": "number"}})
    after = taken_over(onto, picked(onto, source, ["messages[0]", "messages[2]", "parameters.x", "parameters.y"]))
    assert [one["content"] for one in after.messages] == ["A", "b", "C"]
    assert after.spec["parameters"] == {"x": {"type": "number"}}
    for wrong in ("messages[3]", "parameters.z", "colour", "messages.0"):
        with pytest.raises(InvalidField) as error:
            picked(onto, source, [wrong])
        assert error.value.param == "parts"


@given(contents, contents, contents)
def test_a_merge_is_the_same_from_both_sides_where_nothing_conflicts(
    base: VersionContent, ours: VersionContent, theirs: VersionContent
) -> None:
    one, other = merged(base, ours, theirs), merged(base, theirs, ours)
    assert [part.part for part in one.conflicts] == [part.part for part in other.conflicts]
    assert [(part.ours, part.theirs) for part in one.conflicts] == [(part.theirs, part.ours) for part in other.conflicts]
    if not one.conflicts:
        assert one.content() == other.content()


@given(contents, contents)
def test_a_side_that_changed_nothing_takes_the_other_one(base: VersionContent, theirs: VersionContent) -> None:
    for together in (merged(base, base, theirs), merged(base, theirs, base), merged(base, theirs, theirs)):
        assert not together.conflicts and together.content() == theirs


@given(contents, contents, contents, st.sampled_from(["ours", "theirs"]))
def test_taking_a_side_everywhere_leaves_nothing_open(
    base: VersionContent, ours: VersionContent, theirs: VersionContent, side: Any
) -> None:
    """What the sides did not both change still comes from whoever changed it."""
    conflicts = merged(base, ours, theirs).conflicts
    together = merged(base, ours, theirs, resolutions={one.part: Resolution(side) for one in conflicts})
    assert not together.conflicts
    chosen = {"ours": ours, "theirs": theirs}[side].fields()
    for one in conflicts:
        if one.part in chosen and one.part not in ("messages", "parameters"):
            assert together.fields[one.part] == chosen[one.part]


def test_lines_of_one_message_that_were_changed_apart_come_together() -> None:
    base = content("one\ntwo\nthree\nfour\nfive", temperature=0, seed=1)
    ours = content("ONE\ntwo\nthree\nfour\nfive", temperature=1, seed=1)
    theirs = content("one\ntwo\nthree\nfour\nFIVE\nsix", temperature=0, seed=2)
    together = merged(base, ours, theirs)
    assert together.conflicts == ()
    assert together.content() == content("ONE\ntwo\nthree\nfour\nFIVE\nsix", temperature=1, seed=2)


def test_a_message_more_and_a_changed_one_come_together() -> None:
    base = content("one\ntwo\nthree", "last")
    ours = VersionContent.from_fields(base.fields() | {"messages": [{"role": "system", "content": "be kind"}, *base.messages]})
    theirs = content("one\ntwo\nTHREE", "last")
    assert [one["content"] for one in merged(base, ours, theirs).fields["messages"]] == ["be kind", "one\ntwo\nTHREE", "last"]


def test_what_both_changed_differently_is_listed_with_all_three() -> None:
    base = content("hello\nbe brief\nbye", temperature=0, parameters={"x": {"default": 1}, "y": {}})
    ours = content("hello\nbe short\nbye", temperature=1, parameters={"x": {"default": 2}, "y": {}, "z": {}})
    theirs = content("hello\nbe terse\nbye", parameters={"x": {"default": 3}})
    together = merged(base, ours, theirs)
    assert together.conflicts == (
        Conflict("messages:1", "be brief", "be short", "be terse"),
        Conflict("temperature", 0, 1, None),
        Conflict("parameters.x", {"default": 1}, {"default": 2}, {"default": 3}),
    )
    assert together.fields["parameters"] == {"x": {"default": 2}, "z": {}}, "what is open stands as ours has it"
    answers = {
        "messages:1": Resolution(value="be kind\nand brief"), "temperature": Resolution("theirs"), "parameters.x": Resolution("base")
    }  # fmt: skip
    settled = merged(base, ours, theirs, resolutions=answers)
    assert settled.conflicts == ()
    assert settled.content() == content("hello\nbe kind\nand brief\nbye", parameters={"x": {"default": 1}, "z": {}})


def test_messages_may_be_settled_as_a_whole() -> None:
    base, ours, theirs = content("a", "b"), content("A"), content("a", "B", "c")
    (conflict,) = merged(base, ours, theirs).conflicts
    assert conflict.part == "messages:1"
    for value in ("ours", [{"role": "user", "content": "x"}]):
        resolution = Resolution("ours") if value == "ours" else Resolution(value=value)
        settled = merged(base, ours, theirs, resolutions={"messages": resolution})
        assert settled.fields["messages"] == (ours.messages if value == "ours" else value) and not settled.conflicts


def test_lines_that_agree_and_are_no_prompt_together_are_open_as_a_whole() -> None:
    base, ours, theirs = content("x\ny"), content("x\ny\n{{b: string}}"), content("{{b: number}}\nx\ny")
    (conflict,) = merged(base, ours, theirs).conflicts
    assert (conflict.part, conflict.ours, conflict.theirs) == ("messages", ours.messages, theirs.messages)
    for take, side in (("base", base), ("ours", ours), ("theirs", theirs)):
        settled = merged(base, ours, theirs, resolutions={"messages": Resolution(take=take)})  # type: ignore[arg-type]
        assert (settled.conflicts, settled.content()) == ((), side)


@pytest.mark.parametrize(
    "resolutions",
    [{"model": Resolution("ours")}, {"messages:2": Resolution("ours")}, {"messages:1": Resolution(value=["no", "text"])}],
    ids=["no conflict", "no such run", "no text"],
)
def test_a_resolution_that_does_not_fit_is_refused(resolutions: dict[str, Resolution]) -> None:
    with pytest.raises(InvalidField) as error:
        merged(content("a"), content("b"), content("c"), resolutions=resolutions)
    assert error.value.param == "resolutions"


def test_variants_are_merged_model_by_model() -> None:
    def variant(model: str, text: str) -> dict[str, Any]:
        return {"model": model, "messages": [{"role": "user", "content": text}]}

    base = content("t", variants=[variant("m", "1"), variant("n", "1")])
    ours, theirs = content("t", variants=[variant("m", "2"), variant("n", "1")]), content("t", variants=[variant("m", "1")])
    assert merged(base, ours, theirs).content() == content("t", variants=[variant("m", "2")])
    also = content("t", variants=[variant("m", "3"), variant("n", "1")])
    assert [one.part for one in merged(base, ours, also).conflicts] == ["variants.m"]


# Parents have lower numbers than their children: a lineage is a list of parents for each version from 2 on.
lineages = st.lists(st.lists(st.integers(0, 30), max_size=2), max_size=25).map(
    lambda found: {child: sorted({1 + parent % (child - 1) for parent in parents}) for child, parents in enumerate(found, 2)}
)


def ancestors(of: int, lineage: dict[int, list[int]]) -> set[int]:
    return {of}.union(*(ancestors(parent, lineage) for parent in lineage.get(of, ())))


def nearest(a: int, b: int, lineage: dict[int, list[int]]) -> int | None:
    async def parents_of(first: int, last: int) -> dict[int, Sequence[int]]:
        return {child: parents for child, parents in lineage.items() if first <= child <= last}

    return asyncio.run(nearest_common_ancestor(a, b, parents_of=parents_of))


@given(lineages, st.data())
def test_the_nearest_common_ancestor_is_common_and_above_no_other(lineage: dict[int, list[int]], data: st.DataObject) -> None:
    versions = st.integers(1, len(lineage) + 1)
    a, b = data.draw(versions), data.draw(versions)
    common = ancestors(a, lineage) & ancestors(b, lineage)
    found = nearest(a, b, lineage)
    assert found == (max(common) if common else None) == nearest(b, a, lineage)
    assert found is None or not any(found in ancestors(one, lineage) for one in common - {found})


def test_a_long_way_back_is_read_in_pages() -> None:
    lineage = {child: [child - 2] for child in range(3, 3 * PAGE)} | {2: [1]}
    assert nearest(3 * PAGE - 1, 3 * PAGE - 2, lineage) == 1


def test_a_merge_of_long_texts_takes_no_time(benchmark_s: float = 5.0) -> None:
    import time

    lines = [f"line {n}" for n in range(8_000)]
    base = content("\n".join(lines))
    sides = [
        content("\n".join(line + mark if n % 40 == at else line for n, line in enumerate(lines))) for mark, at in (("!", 3), ("?", 23))
    ]
    far = content("\n".join(f"{n} other" for n in range(8_000)))
    began = time.process_time()
    assert not merged(base, *sides).conflicts
    assert merged(base, sides[0], far).conflicts
    assert time.process_time() - began < benchmark_s
    assert list(itertools.islice(merged(base, *sides).fields["messages"][0]["content"].split("\n"), 3, 4)) == ["line 3!"]
