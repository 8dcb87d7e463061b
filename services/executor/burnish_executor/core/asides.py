"""What comes besides text and tool calls: thoughts, refusals, annotations. Told under the names of chat completions. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.contracts.executions import Beside
from burnish_shared.storable_text import storable

PLAIN: Final = frozenset({"role", "content", "tool_calls"})
"""A message or delta that holds no more than this says nothing besides."""

LISTED_MOST: Final = 10_000
"""Entries of each list that are kept."""

KEPT_WITH_CALLS: Final = ("extra_content", "provider_specific_fields")
"""What a provider hangs on a tool call and wants back with it: Google's signatures of thoughts, in its own form and in LiteLLM's."""


def says_more(said: Mapping[str, Any]) -> bool:
    """Whether a message or delta may say something besides its text and calls."""
    return not said.keys() <= PLAIN or isinstance(said.get("content"), list)


def thoughts_in(content: Any) -> str:
    """Of a content in parts, those that are thoughts: each a list of text parts, or a text.

    Mistral's models that reason answer so (https://docs.mistral.ai/studio-api/conversations/reasoning).
    """
    parts = [one.get("thinking") for one in content if isinstance(one, dict)] if isinstance(content, list) else []
    within = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    texts = [one.get("text") if isinstance(one, dict) else one for one in within]
    return "".join(one for one in texts if isinstance(one, str))


@dataclass(slots=True)
class Asides:
    """As far as it came."""

    reasoning: list[str] = field(default_factory=list)
    thinking: list[dict[str, Any]] = field(default_factory=list)
    reasoning_details: list[dict[str, Any]] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    citations: list[dict[str, Any]] = field(default_factory=list)
    stop_sequence: str | None = None
    characters: int = 0

    @property
    def text(self) -> str:
        """What of it is counted where the provider counts nothing."""
        return "".join((*self.reasoning, *self.refusal))

    def take(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Keeps what a message or delta says besides, and returns it as a delta; empty where it says nothing."""
        told: dict[str, Any] = {}
        thought = said.get("reasoning_content") or said.get("reasoning") or thoughts_in(said.get("content"))
        refusal = said.get("refusal")
        if isinstance(thought, str) and thought:
            self.reasoning.append(thought)
            told["reasoning_content"] = thought
        if isinstance(refusal, str) and refusal:
            self.refusal.append(refusal)
            told["refusal"] = refusal
        for name, kept in (
            ("thinking_blocks", self.thinking), ("reasoning_details", self.reasoning_details), ("annotations", self.annotations),
            ("citations", self.citations),
        ):  # fmt: skip
            listed = said.get(name)
            if isinstance(listed, list) and (new := [one for one in listed if _is_kept(one, name)]):
                told[name] = [_placed(kept, one) for one in new]
        self.characters += sum(len(one) if isinstance(one, str) else len(str(one)) for one in told.values())
        return told

    def whole(self) -> Beside | None:
        """All of it for the outcome; None where nothing was said."""
        made = Beside(
            reasoning=storable("".join(self.reasoning)) or None, thinking=self.thinking or None,
            reasoning_details=self.reasoning_details or None, refusal=storable("".join(self.refusal)) or None,
            annotations=self.annotations or None, citations=self.citations or None,
            stop_sequence=None if self.stop_sequence is None else storable(self.stop_sequence),
        )  # fmt: skip
        return made if made.model_fields_set and any(value is not None for value in made.model_dump().values()) else None


def _is_kept(one: Any, name: str) -> bool:
    """Others call their sources citations too; ours are parts of the text with what they rest on."""
    if name != "citations":
        return isinstance(one, dict)
    return isinstance(one, dict) and isinstance(one.get("citations"), list) and all(type(one.get(edge)) is int for edge in ("start", "end"))


def _placed(kept: list[dict[str, Any]], one: dict[str, Any]) -> dict[str, Any]:
    """Keeps it, and tells it with its place in the list: by that OpenAI's clients put the entries of a list in deltas together."""
    if len(kept) < LISTED_MOST:
        _keep(kept, one)
    own = one.get("index")
    return one if isinstance(own, int) and not isinstance(own, bool) else {**one, "index": len(kept) - 1}


def _keep(kept: list[dict[str, Any]], one: dict[str, Any]) -> None:
    """Parts of one block, as LiteLLM streams them, become one: it is whole with its signature."""
    last = kept[-1] if kept else {}
    if one.get("type") == last.get("type") == "thinking" and not last.get("signature"):
        kept[-1] = last | {
            "thinking": str(last.get("thinking") or "") + str(one.get("thinking") or ""), "signature": one.get("signature") or "",
        }  # fmt: skip
    else:
        kept.append(dict(one))
