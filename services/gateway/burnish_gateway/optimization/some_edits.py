"""Accept a suggestion edit by edit (PRODUCT O6): the version that it improves, with some of its edits. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish_shared.editable import editable_index
from burnish_shared.errors import InvalidField
from burnish_shared.prompt_edits import render


@dataclass(frozen=True, slots=True)
class _Edit:
    section: str
    text: str
    operation: str
    line: str


def with_some(content: dict[str, Any], evidence: Mapping[str, Any], *, base: Mapping[str, Any], places: Sequence[int]) -> dict[str, Any]:
    """The fields that change over `base` with the edits at these places of the evidence, from 0; `content` itself with all of them.

    Raises InvalidField for a place that is none, and where what was suggested is not the sum of single edits.
    """
    edits = [_Edit(one["section"], one["text"], one["operation"], one.get("line", "")) for one in evidence.get("edits") or ()]
    index = editable_index(base["messages"])
    if not edits or evidence.get("variants") or set(content) != {"messages"} or index is None:
        raise _not_of_edits()
    for number, place in enumerate(places):
        if not 0 <= place < len(edits):
            raise InvalidField(
                f"edits[{number}]: there is no edit {place}; the suggestion has {len(edits)}, counted from 0.", param=f"edits[{number}]"
            )
    before = base["messages"][index]["content"]
    suggested = content["messages"][index]["content"]
    after_input = next((end for end in (False, True) if render(before, edits, after_input=end) == suggested), None)
    if after_input is None:
        raise _not_of_edits()
    if len(set(places)) == len(edits):
        return content
    text = render(before, [edits[place] for place in sorted(set(places))], after_input=after_input)
    messages = [dict(one) | ({"content": text} if number == index else {}) for number, one in enumerate(content["messages"])]
    return {"messages": messages}


def _not_of_edits() -> InvalidField:
    return InvalidField(
        "edits: this suggestion is a whole and no sum of single edits. Accept it without edits, or save what you want of it as a version.",
        param="edits",
    )
