"""Makes the text of a prompt shorter without changing what it asks (PRODUCT P11). Pure; for the gateway and the optimizer.

What it takes away: words that say nothing (`in order to` → `to`, `please`), a sentence that was said before in the same text, runs of
blanks and of empty lines. What it never touches: everything between double braces, code blocks and code within lines, addresses, markup,
lines of data, and texts that are named to be kept. A sentence that holds any of these is never taken for a repeated one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MIN_WORDS_REPEATED: Final = 4
"""A shorter sentence that is said twice (`Be brief.`) costs little, and may be meant."""

LOOKED_AT_CHARS: Final = 500
"""Of a line, to tell whether it is data."""

PASSES_MOST: Final = 8
"""One is nearly always enough; a second finds what the first brought together."""

FILLERS: Final[tuple[tuple[str, str], ...]] = (
    (r"in order to\b", "to"),
    (r"due to the fact that\b", "because"),
    (r"in the event that\b", "if"),
    (r"for the purpose of\b", "for"),
    (r"with regards? to\b", "about"),
    (r"with respect to\b", "about"),
    (r"in spite of the fact that\b", "although"),
    (r"at this point in time\b", "now"),
    (r"at the present time\b", "now"),
    (r"prior to\b", "before"),
    (r"subsequent to\b", "after"),
    (r"a (?:large|great) number of\b", "many"),
    (r"the majority of\b", "most"),
    (r"has the ability to\b", "can"),
    (r"is able to\b", "can"),
    (r"are able to\b", "can"),
    (r"whether or not\b", "whether"),
    (r"each and every\b", "every"),
    (r"any and all\b", "all"),
    (r"first and foremost,? ", "first "),
    (r"it is (?:very |extremely )?important (?:to note )?that ", ""),
    (r"please (?:note|remember|be aware|keep in mind) that ", ""),
    (r"(?:note|remember|keep in mind) that ", ""),
    (r"(?:please )?(?:make sure|be sure|ensure) that you ", ""),
    (r"(?:please )?(?:make sure|be sure) to ", ""),
    (r"(?:I|we) (?:would like|want|need) you to ", ""),
    (r"your (?:task|job|goal) is to ", ""),
    (r"you (?:are asked|are required|are expected) to ", ""),
    (r"as an AI(?: language)?(?: model| assistant)?, ", ""),
    (r"(?:could|can|would) you (?:please )?", ""),
    (r"please,? ", ""),
    (r"kindly ", ""),
    (r"(?:basically|essentially|obviously|needless to say|of course), ", ""),
    (r"(?:very|really|quite|extremely|absolutely) (?=[a-z]+ly\b|clear|important|careful|brief|short|concise|precise)", ""),
    (r"thank you(?: very much)?(?: in advance)?[.!] ?", ""),
)
"""Pattern and what stands in its place, matched at the beginning of a word whatever its case. English; other languages keep their words.

None of them holds a negation, a number, `must`, `only`, `always` or a condition that another word does not carry.
"""

_KEPT = re.compile(
    r"""```.*?(?:```|\Z)            # a code block
    |~~~.*?(?:~~~|\Z)
    |\{\{\{\{                       # the mark for two braces
    |\{\{.*?\}\}                    # a place of the template language
    |`[^`\n]+`                      # code within a line
    |<[^<>\n]{1,200}>               # markup
    |https?://\S+                   # an address
    |"[^"\n]{1,500}"                # what is quoted is meant letter for letter
    |(?<![\w'])'[^'\n]{1,500}'(?![\w'])   # an apostrophe follows a letter, or has one behind it
    |“[^”\n]{1,500}”|‘[^’\n]{1,500}’|«[^»\n]{1,500}»|„[^“”\n]{1,500}[“”]
    """,
    re.VERBOSE | re.DOTALL,
)
_DATA_LINE = re.compile(r"""\s*(?:[\[{}\]]|[^\s:]{1,40}:\s*\S|\||".*":|\S.*(?:\t|\s{3,})\S.*(?:\t|\s{3,})\S)""")
_FILLERS = tuple((re.compile(rf"(?<![\w'’-])(?:{pattern})", re.IGNORECASE), instead) for pattern, instead in FILLERS)
_SPEAKS_OF_WORDS = re.compile(
    r"(?<!\w)(?:say(?:s|ing)?|exactly|verbatim|literally|word for word|phrases?|words?|wording|expressions?|terms?|strings?|write|mention"
    r"|wrote|written|writ(?:es|ing)|said|quot(?:es?|ed|ing)|avoid(?:s|ing)?|replac(?:e[sd]?|ing)|remov(?:e[sd]?|ing)|delet(?:e[sd]?|ing)"
    r"|omit(?:s|ted|ting)?|ban(?:s|ned)?|instead of|rather than|such as|(?:never|not|don[’']t) us(?:e|ing)"
    r"|text|(?:begin|start|end|open|close|respond|reply|answer)(?:s|ing)? (?:with|by)|reads?|called|named)(?!\w)",
    re.IGNORECASE,
)
"""Where one of these stands before it, a filler may be what the sentence speaks of: it stays."""

_BETWEEN_SENTENCES = re.compile(r"((?<=[.!?])\s+)")
_MARK = "\ue000{}\ue001"
_MARKED = re.compile("\ue000(\\d+)\ue001")
_TOUCHING = "\ue001\ue000"
"""Two parts that stay, with nothing between them: what ends the one and begins the other may read as a third."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """The shorter text. `taken`: what was taken away, in words of the text itself, each kind with its examples in reading order."""

    text: str
    fillers: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    blanks: int = 0


@dataclass(slots=True)
class _Work:
    fillers: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)


def compress_text(text: str, *, keep: Sequence[str] = ()) -> Compressed:
    """The text without what says nothing; itself where there is nothing. `text`: a template; `keep`: parts that stay word for word.

    A pass whose words, brought together, would begin or end a part that stays (two runs of backticks that touch) is not made.
    """
    if "\ue000" in text or "\ue001" in text:
        return Compressed(text)
    now, fillers, repeated = text, list[str](), list[str]()
    for _ in range(PASSES_MOST):
        marked, kept = marked_parts(now, keep=keep)
        work = _Work()
        shorter = unmarked(_without_gaps([_line(line, work) for line in marked.split("\n")]), kept)
        if len(shorter) >= len(now) or marked_parts(shorter, keep=keep)[1] != kept:
            break
        now, fillers, repeated = shorter, fillers + work.fillers, repeated + work.repeated
    gone = len(text) - len(now) - sum(map(len, fillers)) - sum(map(len, repeated))
    return Compressed(now, tuple(fillers), tuple(repeated), max(0, gone))


def marked_parts(text: str, *, keep: Sequence[str] = ()) -> tuple[str, list[str]]:
    """The text with a mark in the place of each part that stays, and those parts. The longest that are to be kept go first."""
    kept: list[str] = []

    def mark(part: str) -> str:
        kept.append(part)
        return _MARK.format(len(kept) - 1)

    for block in sorted(set(keep), key=len, reverse=True):
        if block:
            text = _mark_or(block).sub(lambda found: found[0] if found[1] is not None else mark(found[0]), text)
    pieces = re.split("(\ue000\\d+\ue001)", text)
    return "".join(piece if _MARKED.fullmatch(piece) else _KEPT.sub(lambda found: mark(found[0]), piece) for piece in pieces), kept


def unmarked(text: str, kept: Sequence[str]) -> str:
    """The text with the parts in their places again, those within them too: a part was there before those that hold its mark."""
    whole: list[str] = []
    for part in kept:
        whole.append(_put_back(part, whole))
    return _put_back(text, whole)


def _put_back(text: str, whole: Sequence[str]) -> str:
    return _MARKED.sub(lambda found: whole[int(found[1])], text) if "\ue000" in text else text


def marks_of(text: str) -> list[int]:
    """The marks of a text, in order."""
    return [int(found) for found in _MARKED.findall(text)]


def _mark_or(block: str) -> "re.Pattern[str]":
    return re.compile("(\ue000\\d+\ue001)|" + re.escape(block))


def _line(line: str, work: _Work) -> str:
    """One line; its beginning stays, which may be an indentation or the mark of a list."""
    if not line.strip() or _DATA_LINE.match(line[:LOOKED_AT_CHARS]) or line.lstrip().startswith("#"):
        return line.rstrip()
    begun = re.match(r"\s*(?:[-*+•]\s+|\d+[.)]\s+)?", line)
    beginning = begun[0] if begun else ""
    is_numbered = beginning.strip()[:1].isdigit()
    sentences = [
        one if one.isspace() else _sentence(one, work, may_go=not is_numbered) for one in _BETWEEN_SENTENCES.split(line[len(beginning) :])
    ]
    rest = re.sub(r"(?<=\S) {2,}", " ", "".join(sentences)).strip()
    return (beginning + rest).rstrip() if rest else ""


def _sentence(sentence: str, work: _Work, *, may_go: bool) -> str:
    """`may_go`: as a repeated one; an item of a numbered list is counted on."""
    key = re.sub(r"\W+", " ", sentence).strip().lower()
    if may_go and len(key.split()) >= MIN_WORDS_REPEATED and not _MARKED.search(sentence):
        if key in work.said:
            work.repeated.append(sentence.strip())
            return ""
        work.said.add(key)
    shorter = sentence
    for pattern, instead in _FILLERS:
        speaks = _SPEAKS_OF_WORDS.search(shorter)
        until = speaks.start() if speaks else len(shorter)
        head, rest = shorter[:until], shorter[until:]
        without = pattern.sub(instead, head) + rest
        if without.count(_TOUCHING) > shorter.count(_TOUCHING):
            continue
        work.fillers += [found.strip() for found in pattern.findall(head)]
        shorter = without
    return _capital(sentence, shorter)


def _capital(before: str, after: str) -> str:
    """A sentence that began with a capital does so again."""
    first, now = before.lstrip()[:1], after.lstrip()
    if first.isupper() and now[:1].islower():
        return after[: len(after) - len(now)] + now[0].upper() + now[1:]
    return after


def _without_gaps(lines: Sequence[str]) -> str:
    """At most one empty line between others, none at either end."""
    put: list[str] = []
    for line in lines:
        if line or (put and put[-1]):
            put.append(line)
    while put and not put[-1]:
        put.pop()
    return "\n".join(put)
