"""What the words before a number say that it is: "order", "customer no." are no phone number, "phone" and "call" are one. Pure.

A phone number that is missed is worse than a guess too many: a word must name a number that is none of a phone, right before it, and no
word before that may speak of a phone.
"""

import re
from typing import Final, Literal

from burnish_shared.guarding.names_of_numbers import NAMES, OF_COMPOUNDS, OF_IDS, PHONE, PHONE_ENDS, PHONE_WORDS, THINGS

NUMBER: Final = frozenset({"number", "numbers", "num", "nummer", "numéro", "numero", "número", "numer", "code"})
"""What makes a number of the thing before it: `customer number`."""

NO: Final = frozenset({"no", "nr", "n", "nº", "nos"})
"""The same, shortened. Where nothing stands before them, they may count phones as well: `No. 0151 12345678`."""

ID: Final = frozenset({"id", "ids"})
"""The id of a thing, or of whoever uses a program. That of anything else may be a phone number: `Skype id`, `PayID`."""

LITTLE: Final = frozenset({"is", "ist", "est", "es", "was", "lautet"})
"""Words that say nothing right before a number: the one before them does. Further away they part two things."""

ARTICLES: Final = frozenset({"the", "die", "der", "das", "la", "le", "el", "de", "het", "il", "o"})
"""Behind these the name of something begins: `the id`."""

SIGNS: Final = ("#", "№")

SEEN: Final = frozenset({"see", "says", "shows", "fixes", "closes", "fix", "close", "duplicate", "siehe", "voir", "ver", "vedi", "zie"})
"""What is said before the sign of a number in a list that sticks to it: `see #…`. Behind other words it may be a phone's: `work #…`."""

SHORTENED: Final = NO | {"ref", "réf", "inv", "art", "acct", "az", "num", "rev", "id", "tel", "ord"}
"""Words that a full stop shortens; behind another it ends a sentence, and what follows is something else."""

SHORT_ENDS: Final = ("nr", "tel")
"""How compounds end that are shortened."""

OF_NUMBERS: Final = ("nummer", "number", "numret", "zeichen", "nr", "no", "id")
"""How compounds end that name numbers: `Bestellnummer`, `Kundennr`, `orderid`."""

LINKS: Final = ("", "s", "n", "en", "e")
"""What German and its like set between the parts of a compound."""

BETWEEN: Final = re.compile(
    r"(?P<word>[^\W\d]+(?:-[^\W\d]+)*|[#№])(?P<between>[°º]?(?:\.|\.?[\"']?[ \t]?[:=][ \t]?[\"']?|)[ \t]{0,2}[#№]?[ \t]?)$"
)
CAMEL: Final = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z])|[_\-]")
WORD: Final = re.compile(r"[^\W\d]+")

CALL_TO: Final = re.compile(
    r"(?i)\b(?:for|about|regarding|concerning|zur|zum|zu|für|über|pour|sur|concernant|para|sobre|per|por|voor|over|om|place|placing|passer)"
    r"(?: (?:my|your|our|the|this|that|an?|meine[rnm]?|deine[rnm]?|ihre[rnm]?|unsere[rnm]?|diese[rnm]?|eine[rnm]?|der|die|das|den|dem"
    r"|votre|vos|une?|la|le|les|el|los|las|tu|su|il|lo|uw|je|de|het))?[ \t]+$"
)
"""`For orders: …`, `Rückfragen zur Bestellung: …`, `the number for the order is …`: whom to call about it."""

WORDS_MOST: Final = 5
NAMED_MOST: Final = 48
"""So many characters before a number may name it."""

_PARTS: Final = bytes.maketrans(b"\r,;|(){}[]<>!?/", b"\n" * 15)
"""What ends all that a number could be called."""

Named = Literal["nothing", "bare", "numbered"]
"""Not named as another number; by a word alone (`order`); by one that says that it is a number (`order no.`)."""


def is_called(before: bytes, *, is_sure: bool = False) -> bool:
    """Whether what stands right before a number, in its line, names it as something else than a phone.

    before: the last bytes before it, which may begin amid a character; is_sure: it is written as phone numbers alone are (`0044 …`,
    `(415) …`, `415-555-0100`), which no bare word outweighs.
    """
    text = before.translate(_PARTS).rsplit(b"\n", 1)[-1].decode("utf-8", "ignore")
    named = _named(text[-NAMED_MOST:])
    if named == "nothing" or (is_sure and named == "bare"):
        return False
    return not _speaks_of_phone(text)


def _named(text: str) -> Named:
    """By the words right before it, the nearest first."""
    is_number = is_id = is_signed = False
    sticks = text.endswith(SIGNS)
    for _ in range(WORDS_MOST):
        match = BETWEEN.search(text)
        if match is None:
            break
        word, between = match["word"], match["between"]
        is_signed = is_signed or any(sign in word or sign in between for sign in SIGNS)
        parts = [one.lower() for one in CAMEL.split(word) if one]
        if between.startswith(".") and parts and not (parts[-1] in SHORTENED or parts[-1].endswith(SHORT_ENDS)):
            break
        for name in reversed(parts):
            if name in NUMBER or name in NO:
                is_number = True
            elif name in ID:
                is_id = True
            elif (name in LITTLE and (is_number or is_id)) or name in ARTICLES:
                return "bare" if is_id or is_signed else "nothing"
            elif name not in LITTLE and name not in SIGNS:
                if is_phone(name):
                    return "nothing"
                if (name in THINGS and (is_number or is_id or is_signed)) or _names_a_number(name) or (is_id and name in OF_IDS):
                    return "numbered"
                if name in NAMES:
                    return "nothing" if _is_idiom(text[: match.start()], name, between) else "bare"
                return "bare" if sticks and name in SEEN else "nothing"
        text = text[: match.start()]
    return "bare" if is_id or is_signed else "nothing"


def _names_a_number(word: str) -> bool:
    """A compound whose first part is a thing: of another one it may be a phone's (`Privatnummer`)."""
    for end in OF_NUMBERS:
        stem = word.removesuffix(end)
        if stem and stem != word and any(stem.removesuffix(link) in OF_COMPOUNDS for link in LINKS):
            return True
    return False


def _is_idiom(before: str, word: str, between: str) -> bool:
    """`in order` and `to order` name nothing; nor does what one is to call about."""
    said = before.rstrip().lower()
    if word in ("order", "ticket") and said.endswith(("in", "to")) and not said[:-2][-1:].isalpha():
        return True
    call = CALL_TO.search(before)
    if call is None:
        return False
    first = before[: call.start()].rstrip().lower()
    return ":" in between or not first or first.endswith(tuple(NUMBER))


def is_phone(word: str) -> bool:
    """Whether a word, in small letters, speaks of a phone."""
    return word in PHONE_WORDS or word.startswith(PHONE) or word.endswith(PHONE_ENDS)


TEXT_TO: Final = re.compile(r"(?i)\btext (?:me|us|him|her|them|to|on)\b")
"""`text` alone is the name of many a field."""

ENDED: Final = re.compile(r"([^\W\d]{5,})\.[ \t]")
"""A sentence that ended; shorter words may be shortened ones."""


def _speaks_of_phone(text: str) -> bool:
    """Whether any word of the sentence does: `Phone number of the customer no. 7, …`."""
    at = max((one.end() for one in ENDED.finditer(text) if not is_phone(one[1].lower())), default=0)
    words = (part.lower() for word in WORD.findall(text, at) for part in CAMEL.split(word))
    return any(is_phone(one) for one in words) or TEXT_TO.search(text, at) is not None
