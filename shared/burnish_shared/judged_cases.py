"""Items of a dataset that come from the test cases of a version: how they are marked, and how their criteria are judged. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.contracts.evaluators import LlmJudge

TEST_CASE: Final = "test_case"
"""Name in an item's metadata: {name, criteria: [text], compared}. `compared` false: `expected` is no right answer but the criteria."""

PASSES_FROM: Final = 0.75
"""Of a judge's score: four marks of five. Half of the criteria met is no good answer."""


@dataclass(frozen=True, slots=True)
class Judged:
    """By what an item is judged beside, or in place of, its expected answer."""

    criteria: tuple[str, ...] = ()
    is_compared: bool = True

    @classmethod
    def of(cls, mark: object) -> "Judged":
        """`mark`: what the item's metadata says under TEST_CASE. What is none of ours says nothing."""
        if not isinstance(mark, Mapping):
            return cls()
        said = mark.get("criteria")
        criteria = tuple(one for one in said if isinstance(one, str) and one.strip()) if isinstance(said, list) else ()
        return cls(criteria, is_compared=not criteria or mark.get("compared") is not False)


def mark_of(name: str | None, criteria: Sequence[str], *, is_compared: bool) -> dict[str, Any]:
    """What `Judged.of` reads."""
    return {"name": name, "criteria": list(criteria), "compared": is_compared}


def judge_by(criteria: Sequence[str], *, model: str) -> LlmJudge:
    """A judge of these criteria, a demand a line, who sees the right answer where there is one."""
    return LlmJudge(kind="llm_judge", rubric="\n".join(criteria), model=model, passes_from=PASSES_FROM)
