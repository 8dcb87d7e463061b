"""Words and phrases in texts, whatever dress they come in: compatibility forms, invisible characters and blanks are evened out first."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

from burnish_shared.guarding.spans import compiled, to_bytes

INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
"""Characters of no width, and those that turn the direction of text."""

INJECTION: Final = (
    r"(?:ignore|disregard|forget|override|bypass)\s+(?:\w+\s+){0,3}(?:previous|prior|above|earlier|preceding|existing|original|initial|your|system|the)\s+"
    r"(?:\w+\s+){0,2}(?:instructions?|prompts?|rules|guidelines|directives|directions|context|messages?)",
    r"(?:forget|disregard|ignore)\s+(?:everything|all)\s+(?:\w+\s+){0,3}(?:above|before|so\s+far|i\s+said|you\s+were\s+told|you\s+know)",
    r"(?:reveal|show|print|repeat|output|display|tell\s+me|give\s+me|what\s+(?:is|are|was|were)|leak|dump)\s+(?:\w+\s+){0,4}"
    r"(?:system|hidden|initial|original|secret|developer)\s+(?:prompt|instructions?|message|rules)",
    r"repeat\s+(?:the\s+words|everything|all(?:\s+the)?\s+text)\s+above",
    r"you\s+are\s+(?:now|no\s+longer)\s+(?:\w+\s+){0,4}(?:dan\b|jailbroken|unrestricted|unfiltered|bound\s+by|restricted|an?\s+ai\s+without)",
    r"\b(?:act|behave|respond|answer|pretend)\s+(?:\w+\s+){0,5}(?:without\s+(?:any\s+)?(?:restrictions|rules|limits|limitations|filters|guidelines)"
    r"|no\s+(?:restrictions|rules|limits|filters))",
    r"\b(?:do\s+anything\s+now|developer\s+mode\s+(?:enabled|on)|jailbreak\s+mode|god\s+mode\s+(?:enabled|on))\b",
    r"\bnew\s+(?:system\s+)?instructions?\s*:",
    r"<\|(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|>|\[/?INST\]|<</?SYS>>|(?m:^#{2,}\s*(?:system|instruction)\s*:)",
    r"(?:ignorier|vergiss|missachte)\w*\s+(?:\w+\s+){0,4}(?:anweisung|anweisungen|instruktionen|vorgaben|regeln)",
    r"(?:ignore[zr]?|oublie[zr]?)\s+(?:\w+\s+){0,4}(?:instructions?|consignes|règles)(?:\s+(?:précédentes|ci-dessus))?",
    r"(?:ignora|olvida|omite)\s+(?:\w+\s+){0,4}(?:instrucciones|indicaciones|reglas)",
)
"""Ways that are known (OWASP's top 10 for LLM applications, LLM01). Whoever says it in other words gets through."""

Look = Callable[[str], bool]


def plain(text: str) -> str:
    """As it reads: full-width and other compatibility forms are ordinary letters (NFKC), what cannot be seen is gone."""
    return text if text.isascii() else INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def holding_any(phrases: Sequence[str], *, ignore_case: bool) -> Look:
    """Whether a text holds one of these as whole words; any blanks may be between its words."""
    spelled = (r"\s+".join(re.escape(word) for word in plain(one).split()) for one in phrases)
    pattern = compiled(rf"(?:^|[^\pL\pN_])(?:{'|'.join(spelled)})(?:$|[^\pL\pN_])", ignore_case=ignore_case)
    return lambda text: pattern.search(to_bytes(plain(text))) is not None


def holding_injection(more: Sequence[str]) -> Look:
    """Whether a text holds a known way around instructions, or one of these phrases."""
    known = compiled("|".join(f"(?:{one})" for one in INJECTION), ignore_case=True)
    own = holding_any(more, ignore_case=True) if more else None

    def look(text: str) -> bool:
        return known.search(to_bytes(plain(text))) is not None or (own is not None and own(text))

    return look
