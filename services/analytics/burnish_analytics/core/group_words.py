"""Words of texts, and how much each tells apart: TF-IDF (Salton and Buckley 1988), of words and pairs of neighbours; and what several
people said in the same words. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

WORD: Final = re.compile(r"\b[^\W\d_][\w'’-]+\b")
FEATURES_MOST: Final = 20_000

WORDS_MOST: Final = 3
"""In the name of a group."""

SPOKEN: Final = re.compile(r"[^\W_][\w'’-]*")
PHRASE_WORDS: Final = range(3, 13)
"""Shorter ones say nothing that words do not; a longer one is nobody's name for anything."""

PEOPLE_LEAST: Final = 2
"""What one person alone said names no group."""

CONTRACTED: Final = ("don", "didn", "doesn", "isn", "wasn", "can", "couldn", "won", "wouldn", "haven", "hasn")
PERSONAL: Final = ("i", "it", "that", "you", "we", "he", "she", "there")

_COMMON: Final = """
a about above across after again against ago all almost alone along already also although always am among an and another any anyhow anyone
anything anyway anywhere are aren around as at away back be became because become been before behind being below beside besides between
beyond both but by came can cannot come comes could couldn did didn do does doesn doing don done down due during each either else
elsewhere enough etc even ever every everyone everything everywhere except few first for former found from further gave get gets getting
give given go goes going gone got had hadn has hasn have haven having he hello hence her here hers herself hi him himself his how however
i if in indeed instead into is isn it its itself just keep kept last later least less let like made make makes many may maybe me meanwhile
might mine more moreover most mostly much must my myself namely neither never nevertheless next no nobody none nor not nothing now nowhere
of off often ok okay on once one only onto or other others otherwise our ours ourselves out over own part per perhaps please put quite
rather re really said same say says see seem seemed seems several shall she should shouldn since so some somehow someone something
sometimes somewhere still such take than thank thanks that the their them themselves then there thereby therefore these they this those
though through throughout thus to together too toward towards under until up upon us use used very via was wasn we well went were weren
what whatever when whenever where whereas wherever whether which while who whoever whole whom whose why will with within without won would
wouldn yes yet you your yours yourself yourselves
"""

# What one says of any failure, so that it tells no two of them apart.
_OF_ANY_FAILURE: Final = "asked ask asking answer answered answers answering ended wrong expected instead reply replied question questions"


def _stop_words() -> frozenset[str]:
    short = {f"{one}{mark}t" for one in CONTRACTED for mark in "'’"}
    owned = {f"{one}{mark}{end}" for one in PERSONAL for mark in "'’" for end in ("m", "s", "re", "ve", "d", "ll")}
    return frozenset({*_COMMON.split(), *_OF_ANY_FAILURE.split(), *short, *owned})


STOP_WORDS: Final = _stop_words()


def words_of(text: str) -> list[str]:
    """Words in lower case without those that say nothing, then each two neighbours of what is left."""
    words = [word for word in WORD.findall(text.lower()) if word not in STOP_WORDS]
    return words + [f"{one} {other}" for one, other in pairwise(words)]


Row = list[tuple[int, float]]


def tf_idf(texts: Sequence[str]) -> tuple[list[Row], int]:
    """For each text (feature, weight), of length one or empty, and how many features there are. The commonest are kept."""
    counted = [Counter(words_of(text)) for text in texts]
    everywhere: Counter[str] = Counter()
    spoken_in: Counter[str] = Counter()
    for own in counted:
        everywhere.update(own)
        spoken_in.update(own.keys())
    kept = sorted(everywhere, key=lambda word: (-everywhere[word], word))[:FEATURES_MOST]
    place = {word: n for n, word in enumerate(kept)}
    idf = {word: math.log((1 + len(texts)) / (1 + spoken_in[word])) + 1 for word in kept}
    return [_unit([(place[word], (1 + math.log(n)) * idf[word]) for word, n in own.items() if word in place]) for own in counted], len(kept)


def one_of(names: Sequence[str]) -> tuple[list[Row], int]:
    """For each text itself as its one feature; none for an empty one."""
    place = {name: n for n, name in enumerate(sorted({name for name in names if name}))}
    return [[(place[name], 1.0)] if name else [] for name in names], len(place)


def phrase_of(said: Sequence[tuple[str, str]]) -> str:
    """What most of (text, person) say in the same words, at least a third of them and two people; '' where nothing is. Of the longest and
    commonest, as it was first written."""
    people: dict[tuple[str, ...], set[str]] = {}
    times: Counter[tuple[str, ...]] = Counter()
    written: dict[tuple[str, ...], str] = {}
    for text, person in said:
        words = list(SPOKEN.finditer(text))
        folded = [word.group().casefold() for word in words]
        own = {tuple(folded[n : n + size]): n for size in PHRASE_WORDS for n in range(len(folded) - size, -1, -1)}
        for phrase, n in own.items():
            times[phrase] += 1
            people.setdefault(phrase, set()).add(person)
            written.setdefault(phrase, text[words[n].start() : words[n + len(phrase) - 1].end()])
    shared = [one for one, n in times.items() if 3 * n >= len(said) and len(people[one]) >= PEOPLE_LEAST and not STOP_WORDS.issuperset(one)]
    return written[max(shared, key=lambda one: (times[one] * len(one), one))].strip() if shared else ""


def distinct(words: Iterable[str], *, most: int = WORDS_MOST) -> list[str]:
    """The first few that share no word with one another."""
    found: list[str] = []
    for word in words:
        if all(not set(word.split()) & set(other.split()) for other in found):
            found.append(word)
        if len(found) == most:
            break
    return found


def _unit(row: Row) -> Row:
    length = math.sqrt(sum(weight * weight for _, weight in row))
    return [(feature, weight / length) for feature, weight in row] if length else []
