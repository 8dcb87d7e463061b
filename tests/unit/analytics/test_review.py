"""Which answers a person should look at."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from burnish_analytics.core.reactions import Standing, standing_of
from burnish_analytics.core.review import Rules, complained_of, complaint_of, drawn, place_of
from burnish_analytics.core.rollup import Fact
from burnish_shared.contracts.review import UNSET, ReviewRule, ReviewRuleRow, rule_of
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("F5")

HERE = UUID(int=1)

FACT = Fact(
    execution_id=UUID(int=7), workspace_id=HERE, slug="route", version=1, label="production", model="m", traffic="live", status="success",
    finished_at=datetime(2026, 11, 20, tzinfo=UTC), latency_ms=1, first_token_ms=None, input_tokens=1, output_tokens=1,
    cached_input_tokens=0, cost_nusd=1, cached=False, simulated=False,
)  # fmt: skip


def rules(**said: object) -> Rules:
    return Rules({(HERE, ""): ReviewRuleRow(slug="", **said)})  # type: ignore[arg-type]


def test_a_prompts_own_word_counts_before_the_workspaces_and_that_before_ours() -> None:
    own, workspace = ReviewRuleRow("route", sample_ratio=0.0), ReviewRuleRow("", sample_ratio=0.5, low_rated=False)
    assert rule_of(own, workspace) == ReviewRule(low_rated=False, sample_ratio=0.0)
    assert rule_of(None, workspace).sample_ratio == 0.5 and rule_of(None, None) == UNSET


def test_a_sample_has_its_share_is_the_same_each_time_and_grows_by_more_only() -> None:
    facts = [replace(FACT, execution_id=new_uuid()) for _ in range(4_000)]
    tenth, fifth = ({one.execution_id for one in drawn(facts, rules(sample_ratio=share))} for share in (0.1, 0.2))
    assert tenth < fifth and tenth == {one.execution_id for one in drawn(facts, rules(sample_ratio=0.1))}
    assert 0.07 < len(tenth) / len(facts) < 0.13 and 0.16 < len(fifth) / len(facts) < 0.24  # six standard errors
    assert drawn(facts, rules()) == [] and len(drawn(facts, rules(sample_ratio=1.0))) == len(facts)
    assert all(0 <= place_of(one.execution_id) < 1 for one in facts)


def test_only_live_answers_that_succeeded_are_drawn_or_complained_of() -> None:
    others = [replace(FACT, traffic="batch"), replace(FACT, status="error"), replace(FACT, status="cancelled")]
    assert drawn(others, rules(sample_ratio=1.0)) == []
    assert complained_of([(one, "low_rated", None) for one in others], rules()) == []
    assert [one.reason for one in complained_of([(FACT, "low_rated", None), (FACT, "corrected", None)], rules())] == [
        "low_rated",
        "corrected",
    ]
    assert complained_of([(FACT, "low_rated", None)], rules(low_rated=False)) == []


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("thumb", 0.0, "low_rated"),
        ("thumb", 1.0, None),
        ("score", 0.49, "low_rated"),
        ("score", 0.5, None),
        ("correction", None, "corrected"),
        ("comment", None, None),
        ("metric:converted", 0.0, None),
    ],
)
def test_a_thumb_down_a_score_below_a_half_and_a_correction_are_complaints(kind: str, value: float | None, reason: str | None) -> None:
    assert complaint_of(kind, standing_of(kind, value)) == reason


def test_what_counts_nothing_is_no_complaint() -> None:
    """A correction that was taken back counts nothing, too (PRODUCT F1)."""
    assert [complaint_of(kind, Standing()) for kind in ("thumb", "score", "correction")] == [None, None, None]
