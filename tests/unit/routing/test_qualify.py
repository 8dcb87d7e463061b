"""Which models meet what is asked, in which order, and why the others do not (E12)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.execution.order import Order
from burnish_gateway.routing.choose_way import _cost_nusd, _need
from burnish_gateway.routing.policy import Policies, Rule, applying, verdicts
from burnish_gateway.routing.qualify import Choice, Need, Size, none_qualifies, ranked, reasons_against
from burnish_shared.contracts.executions import Price, Route
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.evaluation_hold import hold_nusd
from burnish_shared.tokens import Input, Shown

pytestmark = pytest.mark.capability("E12")

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PRICE = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
MODEL = ModelFacts(
    model="m", provider="p", upstream_model="m", base_url="http://x/v1", display_name="m", context_tokens=10_000, output_tokens=1_000,
    price=PRICE, capabilities=("chat", "tools"), active=True, simulated=False, own=True, own_base_url=True, needs_key=False,
    quality_score=0.7, latency_ms=500,
)  # fmt: skip
SIZE = Size(input=Input(100), output_tokens=None, default_output_tokens=4096)


@pytest.mark.parametrize(
    ("facts", "said", "size", "because"),
    [
        ({}, {}, {}, None),
        ({}, {"capabilities": ["chat", "tools"], "min_quality": 0.7, "max_latency_ms": 500}, {}, None),
        ({}, {"capabilities": ["vision"]}, {}, "lacks vision"),
        ({}, {"min_quality": 0.71}, {}, "quality is 0.7"),
        ({"quality_score": None}, {"min_quality": 0.0}, {}, "quality is not known"),
        ({"latency_ms": None}, {"max_latency_ms": 10_000}, {}, "latency is not known;"),
        ({}, {"max_latency_ms": 499}, {}, "latency is 500"),
        ({}, {}, {"input": Input(9_001)}, "context holds 10000"),
        ({}, {}, {"input": Input(9_000)}, None),
        ({}, {}, {"output_tokens": 1_001}, "output ends at 1000"),
        ({}, {}, {"output_tokens": 128_000, "cap_bends": True}, None),
        ({}, {}, {"output_tokens": 128_000, "cap_bends": True, "input": Input(9_001)}, "context holds 10000"),
        ({"capabilities": ("embeddings",)}, {}, {}, "embeddings"),
        ({"capabilities": ()}, {}, {}, None),
        ({"provider": "anthropic"}, {}, {"answers": 2}, "one answer a call"),
        ({"provider": "anthropic"}, {}, {"answers": 1}, None),
        ({"deprecated_at": NOW}, {}, {}, "deprecated since 2026-11-20"),
        ({"deprecated_at": NOW + timedelta(days=1)}, {}, {}, None),
        ({"sunset_at": NOW - timedelta(days=1)}, {}, {}, "ended on 2026-11-19"),
    ],
)
def test_what_is_not_known_or_not_met_does_not_qualify(
    facts: dict[str, Any], said: dict[str, Any], size: dict[str, Any], because: str | None
) -> None:
    against = reasons_against(replace(MODEL, **facts), Need.of(said, replace(SIZE, **size)), now=NOW)
    assert against == [] if because is None else because in " ".join(against)


@pytest.mark.promise("C-03")
def test_an_image_is_counted_as_each_model_counts_it() -> None:
    shown = Need.of({}, replace(SIZE, input=Input(100, (Shown((1024, 1024), None, 0),))))
    assert reasons_against(replace(MODEL, upstream_model="gpt-4o"), shown, now=NOW) == []
    assert "may need 26601" in " ".join(reasons_against(replace(MODEL, upstream_model="gpt-4o-mini"), shown, now=NOW))


def test_a_document_behind_an_address_is_for_those_who_fetch_it() -> None:
    need = Need.of({}, SIZE, implied=frozenset({"pdf"}), has_file_addresses=True)
    able = replace(MODEL, capabilities=(*MODEL.capabilities, "pdf"))
    assert "It lacks pdf." in reasons_against(MODEL, need, now=NOW)
    assert reasons_against(replace(able, provider="openai"), need, now=NOW) == ["It cannot be sent the address of a file."]
    assert reasons_against(replace(able, provider="anthropic"), need, now=NOW) == []


def choice(name: str, cost_nusd: int, **facts: Any) -> Choice:
    one = replace(MODEL, model=name, **facts)
    route = one.route()
    assert route is not None
    return Choice(one, route, cost_nusd)


def test_preferred_ones_come_first_then_the_cheapest_then_by_priority() -> None:
    choices = [
        choice("dear", 30), choice("cheap", 10, priority=200), choice("cheap-first", 10, priority=5),
        choice("liked", 90, preferred_for=("support",)),
        choice("liked-cheaper", 80, preferred_for=("support", "x")),
    ]  # fmt: skip
    assert [one.facts.model for one in ranked(choices, use_case="support")] == [
        "liked-cheaper", "liked", "cheap-first", "cheap", "dear",
    ]  # fmt: skip
    assert [one.facts.model for one in ranked(choices, use_case=None)][:3] == ["cheap-first", "cheap", "dear"]


@given(st.permutations(range(6)))
def test_the_order_does_not_depend_on_the_order_of_the_list(order: list[int]) -> None:
    choices = [choice(f"m{n}", n // 2, priority=n % 2) for n in order]
    assert [one.facts.model for one in ranked(choices, use_case="x")] == ["m0", "m1", "m2", "m3", "m4", "m5"]


@pytest.mark.promise("C-03")
@pytest.mark.parametrize("keys", ["own", "platform"])
@pytest.mark.parametrize("kept", [None, {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}], ids=["plain", "cached", "for an hour"])
def test_a_call_costs_at_most_what_it_is_then_held_for(keys: Any, kept: dict[str, str] | None) -> None:
    """Else `auto` would choose within `max_cost_nusd` what costs more: by the operator's markup, or by an hour in a cache."""
    text = {"type": "text", "text": "word " * 4_000, **({} if kept is None else {"cache_control": kept})}
    order = Order(messages=[{"role": "user", "content": [text]}], overrides={"max_tokens": 100, "n": 2})
    route = Route(
        model="m", provider="p", upstream_model="m", base_url="http://x/v1", keys=keys, platform_fallback=keys == "own",
        markup_percent=25, price=PRICE.model_copy(update={"input_nusd_per_million": 1_000_000, "output_nusd_per_million": 3_000_000}),
    )  # fmt: skip
    need = _need(order, None, Policies(), use_case=None)
    assert _cost_nusd(need, MODEL, route) == hold_nusd(order.messages or [], order.overrides, route)


def test_a_refusal_says_why_of_each_model() -> None:
    error = none_qualifies({"a": ["It lacks vision."], "b": ["Its quality is not known; 0.9 is asked."]})
    assert error.code == "no_model_qualifies" and "It lacks vision." in error.message
    assert [one["model"] for one in error.details["models"]] == ["a", "b"]


def rule(name: str, when: str, **use: Any) -> Rule:
    return Rule.of({"name": name, "when": when, "use": use}, prompt=None)


def test_the_first_rule_that_holds_and_may_choose_applies() -> None:
    rules = [
        rule("broken", "variables.count > 3", model="a"),
        rule("version", "language == 'de'", version=2),
        rule("long", "input_tokens > 1000", model="b"),
        rule("rest", "true", model="c"),
    ]
    german = {"variables": {"count": "many"}, "language": "de", "input_tokens": 5_000}
    chosen = applying(rules, german, may_choose_model=True, may_choose_version=True, of=len(rules))
    assert chosen is not None and chosen.name == "version"
    chosen = applying(rules, german, may_choose_model=True, may_choose_version=False, of=len(rules))
    assert chosen is not None and chosen.name == "long"
    assert applying(rules, german, may_choose_model=False, may_choose_version=False, of=len(rules)) is None
    short = german | {"input_tokens": 3, "language": None}
    chosen = applying(rules, short, may_choose_model=True, may_choose_version=True, of=len(rules))
    assert chosen is not None and chosen.name == "rest"


def test_somebody_who_asks_why_is_told_of_each_rule() -> None:
    rules = [rule("broken", "variables.count > 3", model="a"), rule("long", "input_tokens > 3", model="b")]
    broken, long = verdicts(rules, {"variables": {"count": "many"}, "input_tokens": 4})
    assert (broken.holds, long.holds, long.because) == (None, True, None) and broken.because


def test_a_prompts_own_rules_come_before_the_workspaces() -> None:
    own, whole = rule("own", "true", model="a"), rule("whole", "true", model="b")
    policies = Policies({}, {"": [whole], "greet": [own]})
    assert [one.name for one in policies.rules_for("greet")] == ["own", "whole"]
    assert [one.name for one in policies.rules_for(None)] == ["whole"]
    assert Policies().rules_for("greet") == ()
