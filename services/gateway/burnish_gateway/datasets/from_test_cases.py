"""The test cases of a version as a dataset, for the test runs that ask for them (PRODUCT P1, D2)."""

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final
from uuid import UUID

from burnish_gateway.datasets import from_test_cases_store as store
from burnish_gateway.datasets.add_items import create_dataset
from burnish_gateway.datasets.bodies import EXPECTED_MOST_CHARS
from burnish_gateway.datasets.dataset import Change
from burnish_gateway.datasets.item import NewItem, Split, answer_in_words, gives, marked, says_nothing
from burnish_gateway.registry.prompt import Prompt, Version
from burnish_shared.contracts.evaluators import RUBRIC_MOST
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.judged_cases import TEST_CASE, mark_of

CASES_SPLIT: Final[Split] = "validation"
"""Where test cases stand: many are made up, and what is made up is never in test."""


async def dataset_of_cases(tx: Tx, workspace_id: UUID, prompt: Prompt, version: Version, *, author: str) -> tuple[UUID, bytes]:
    """The dataset that holds the version's cases, and what names them. Versions with the same cases share it, so that their runs can be
    compared; one that was changed since is left alone, and another made.

    Raises InvalidField where there are no cases, or one cannot be run.
    """
    items = items_of_cases(version.content.fields())
    check_filled(items, {name.partition(".")[0] for name in version.content.template().required})
    digest = hashlib.sha256(b"".join(one.content_hash + _spelled([one.expected, one.metadata]) for one in items)).digest()
    known = await store.dataset_of(tx, workspace_id, prompt.prompt_id, digest=digest)
    if known is not None:
        return known, digest
    name = f"Test cases of {prompt.slug} v{version.version}"
    made = await create_dataset(tx, workspace_id, name, items, change=Change(author, "from_test_cases"))
    return made.dataset.dataset_id, digest


def items_of_cases(content: Mapping[str, Any]) -> list[NewItem]:
    """An item of each case, in their order. Pure. Raises InvalidField, naming the case."""
    cases: Sequence[Mapping[str, Any]] = content.get("test_cases") or ()
    if not cases:
        raise InvalidField(
            "source: this version has no test cases; save a version with `test_cases`, or give a dataset_id.", param="source"
        )
    of_all = [one for one in content.get("success_criteria") or () if one.strip()]
    items = [_item(case, of_all, place=f"test_cases[{number}]") for number, case in enumerate(cases)]
    first: dict[bytes, int] = {}
    for number, item in enumerate(items):
        before = first.setdefault(item.content_hash, number)
        if before != number:
            raise InvalidField(
                f"test_cases[{number}] has the same input as test_cases[{before}]; save a version that says in one case what both ask.",
                param="source",
            )
    return items


def check_filled(items: Sequence[NewItem], variables: Set[str]) -> None:
    """Raises InvalidField for the first case that does not give what the text asks for. Pure."""
    for number, item in enumerate(items):
        if gives(item.input, variables):
            continue
        given = item.input if isinstance(item.input, dict) else {}
        raise InvalidField(
            f"test_cases[{number}] lacks the variables {', '.join(sorted(variables - set(given)))}; save a version whose cases give in "
            "`variables` all that the text needs.",
            param="source",
        )


def _item(case: Mapping[str, Any], of_all: Sequence[str], *, place: str) -> NewItem:
    given = case.get("variables") if case.get("variables") is not None else case.get("input")
    expected = answer_in_words(case.get("expected"))
    own = (case.get("criteria") or "").strip()
    criteria = [*([own] if own else []), *of_all]
    is_compared = isinstance(expected, str) and not says_nothing(expected)
    if not is_compared and not criteria:
        raise InvalidField(
            f"{place} says neither what is `expected` nor by which `criteria` an answer is good, and the version has no "
            "`success_criteria`; save a version that says one of them.",
            param="source",
        )
    right = expected if is_compared and isinstance(expected, str) else "\n".join(criteria)
    if len("\n".join(criteria)) > RUBRIC_MOST or (is_compared and len(right) > EXPECTED_MOST_CHARS):
        raise InvalidField(
            f"{place}: what is expected has at most {EXPECTED_MOST_CHARS:,} characters, and all criteria together {RUBRIC_MOST:,}.",
            param="source",
        )
    metadata = dict(case.get("metadata") or {}) | {TEST_CASE: mark_of(case.get("name"), criteria, is_compared=is_compared)}
    return NewItem(input={} if given is None else given, expected=right, split=CASES_SPLIT, metadata=marked(metadata))


def _spelled(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
