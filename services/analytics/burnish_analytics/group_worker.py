"""The process that groups failures: `python -I -m burnish_analytics.group_worker`.

It takes a whole processor for up to a second, which has no place beside counting. Texts become TF-IDF vectors, those of what was complained
of beside those of what was asked; average linkage over the cosine distance joins what is alike. numpy alone does it: whoever opens the page
waits for this process to start. Nothing is drawn at random: the same failures give the same groups.
"""

import ctypes
import os
import resource
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from burnish_analytics.core.group_words import PEOPLE_LEAST, Row, distinct, one_of, phrase_of, tf_idf, words_of
from burnish_shared.sandbox.worker_process import serve

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEMORY_BYTES: Final = 2 * 1024 * 1024 * 1024
PR_SET_PDEATHSIG: Final = 1

DISTANCE_MOST: Final = 0.85
"""Of groups that are joined, on average. On labelled questions (benchmarks in the guide) 7 of 10 in a group then ask for the same."""

SIZE_LEAST: Final = 3
GROUPS_MOST: Final = 20

WEIGHTS: Final = {"complaint": 1.0, "asked": 0.7, "confusion": 2.0}


def main() -> None:
    """Serves requests until standard input ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_AS, MEMORY_BYTES)):
        resource.setrlimit(kind, (most, most))
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    serve(answer_to)


def answer_to(request: dict[str, Any]) -> dict[str, Any]:
    """`{failures: [{complaint, asked, expected, answered, person}]}` → `{groups: [{members, words, common, phrase}]}`, largest first."""
    failures: list[dict[str, str]] = request["failures"]
    members = _members(failures)
    common = list(_common_words(failures, members))
    phrases = (phrase_of([(failures[n]["complaint"], failures[n]["person"] or f"\x00{n}") for n in own]) for own in members)
    named = zip(members, common, phrases, strict=True)
    return {"groups": [{"members": own, "words": distinct(words), "common": words, "phrase": phrase} for own, words, phrase in named]}


def _members(failures: Sequence[dict[str, str]]) -> list[list[int]]:
    confusions = [f"{one['expected']}\x1f{one['answered']}" if one["expected"] and one["answered"] else "" for one in failures]
    blocks = (
        (WEIGHTS["complaint"], *tf_idf([one["complaint"] for one in failures])),
        (WEIGHTS["asked"], *tf_idf([one["asked"] for one in failures])),
        (WEIGHTS["confusion"], *one_of(confusions)),
    )
    told = [n for n in range(len(failures)) if any(rows[n] for _, rows, _ in blocks)]
    if len(told) < SIZE_LEAST:
        return []
    alike = _alike([(weight, [rows[n] for n in told], features) for weight, rows, features in blocks])
    large = [[told[n] for n in own] for own in _joined(alike) if len(own) >= SIZE_LEAST]
    return sorted(large, key=lambda own: (-len(own), own[0]))[:GROUPS_MOST]


def _alike(blocks: Sequence[tuple[float, Sequence[Row], int]]) -> "NDArray[Any]":
    """Cosine of each two, of all blocks together. What stands in one text alone says nothing of two, and is left out."""
    import numpy as np

    size = len(blocks[0][1])
    found, lengths = np.zeros((size, size)), np.zeros(size)
    for weight, rows, features in blocks:
        where: list[list[int]] = [[] for _ in range(features)]
        weights: list[list[float]] = [[] for _ in range(features)]
        for n, row in enumerate(rows):
            lengths[n] += weight**2 if row else 0.0
            for feature, value in row:
                where[feature].append(n)
                weights[feature].append(value * weight)
        for own, values in zip(where, weights, strict=True):
            if len(own) > 1:
                found[np.ix_(own, own)] += np.outer(values, values)
    return np.asarray(found / np.sqrt(np.outer(lengths, lengths)))


def _joined(alike: "NDArray[Any]") -> list[list[int]]:
    """Average linkage: the two nearest groups are joined again and again, as long as their members are near on average."""
    import numpy as np

    size = len(alike)
    distances = np.clip(1.0 - alike, 0.0, 1.0)
    np.fill_diagonal(distances, np.inf)
    members = {n: [n] for n in range(size)}
    nearest = distances.argmin(axis=1)
    how_near = distances[np.arange(size), nearest]
    while True:
        one = int(how_near.argmin())
        if how_near[one] > DISTANCE_MOST:
            return list(members.values())
        one, other = sorted((one, int(nearest[one])))
        mine, theirs = len(members[one]), len(members[other])
        row = (mine * distances[one] + theirs * distances[other]) / (mine + theirs)
        row[[one, other]] = np.inf
        distances[one], distances[:, one] = row, row
        distances[other], distances[:, other] = np.inf, np.inf
        members[one] += members.pop(other)
        how_near[other] = np.inf
        nearer = row < how_near
        nearest[nearer], how_near[nearer] = one, row[nearer]
        for n in {one, *np.flatnonzero(np.isin(nearest, (one, other)) & ~nearer & np.isfinite(how_near)).tolist()}:
            nearest[n] = distances[n].argmin()
            how_near[n] = distances[n, nearest[n]]


def _common_words(failures: Sequence[dict[str, str]], members: Sequence[Sequence[int]]) -> Iterator[list[str]]:
    """Of each group the words that its members have in common: first those whose share in it most exceeds their share elsewhere."""
    spoken = [{*words_of(one["complaint"]), *words_of(one["asked"])} for one in failures]
    everywhere = Counter(word for own in spoken for word in own)
    for own in members:
        inside = Counter(word for n in own for word in spoken[n])
        people: dict[str, set[str]] = {}
        for n in own:
            for word in spoken[n]:
                people.setdefault(word, set()).add(failures[n]["person"] or f"\x00{n}")
        yield sorted(
            (word for word, times in inside.items() if len(people[word]) >= PEOPLE_LEAST and 3 * times >= len(own)),
            key=lambda word: (-_telling(inside[word], len(own), everywhere[word], len(failures)), -len(word), word),
        )


def _telling(inside: int, size: int, everywhere: int, of: int) -> float:
    """Share in the group times how much more often than elsewhere (both smoothed by one)."""
    outside = (everywhere - inside + 1) / (of - size + 2)
    return float(inside / size * ((inside / size) / outside) ** 0.5)


if __name__ == "__main__":
    main()
