"""Every reason that a search may end by has words for people: in the command, on the page, in the API's reference."""

import re
from pathlib import Path
from typing import get_args

import pytest

from burnish_client.cli.optimize import OUTCOMES, REASONS
from burnish_gateway.optimization.answers import OptimizationAnswer
from burnish_optimizer.run_job import CUT_SHORT, STOPPED
from burnish_optimizer.search.task import FinishReason

pytestmark = pytest.mark.capability("A2")

GOES_ON = {"confirmed", "opaque"}
"""Of a search, after which its job goes on: to the test items, with whole prompts."""

CUT = set(CUT_SHORT) - {STOPPED}
OF_A_JOB = {"proven_on_test", "not_proven_on_test", "too_few_test_items", "test_looks_spent"}
ALL = set(get_args(FinishReason)) - GOES_ON | CUT | {f"proven_then_{one}" for one in CUT} | OF_A_JOB
SAID_BY_OUTCOME = {"proven_on_test": "improved", "no_headroom": "no_headroom"} | dict.fromkeys(
    ("not_enough_data", "too_few_test_items"), "not_enough_data"
)


def test_the_command_says_why_a_search_ended_unless_its_outcome_does() -> None:
    assert set(REASONS) == ALL - set(SAID_BY_OUTCOME)
    assert set(SAID_BY_OUTCOME.values()) <= set(OUTCOMES)


def test_the_page_has_words_for_each() -> None:
    page = Path("web/src/pages/optimize/model.ts").read_text()
    block = page[page.index("const REASONS: Record<string, string> = {") :]
    named = set(re.findall(r"^  (\w+):", block[: block.index("\n};")], flags=re.MULTILINE))
    assert named == ALL | {"cancelled"}


def test_the_reference_names_each() -> None:
    described = str(OptimizationAnswer.model_fields["finish_reason"].description).replace("…_", "proven_then_")
    assert {one for one in ALL if not re.search(rf"\b{one}\b", described)} == set()
