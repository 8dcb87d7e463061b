"""The process that groups failures: `python -I -m burnish_analytics.group_worker`.

scikit-learn takes seconds and some 130 MB to load, so it is loaded here, when there is something to group, and gone with the process.
Texts become TF-IDF vectors (Salton and Buckley 1988), those of what was complained of beside those of what was asked; average linkage
over the cosine distance joins what is alike. Nothing is drawn at random: the same failures give the same groups.
"""

import ctypes
import os
import resource
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from burnish_analytics.core.failures import PEOPLE_LEAST
from burnish_shared.sandbox.worker_process import serve

MEMORY_BYTES: Final = 2 * 1024 * 1024 * 1024
PR_SET_PDEATHSIG: Final = 1

DISTANCE_MOST: Final = 0.85
"""Of groups that are joined, on average. On labelled questions (benchmarks in the guide) 7 of 10 in a group then ask for the same."""

SIZE_LEAST: Final = 3
GROUPS_MOST: Final = 20
CONTRACTED: Final = ("don", "didn", "doesn", "isn", "wasn", "can", "couldn", "won", "wouldn", "haven", "hasn")
PERSONAL: Final = ("i", "it", "that", "you", "we", "he", "she", "there")
WORDS_MOST: Final = 3

WEIGHTS: Final = {"complaint": 1.0, "asked": 0.7, "confusion": 2.0}
FEATURES_MOST: Final = 20_000
WORD: Final = r"(?u)\b[^\W\d_][\w'’-]+\b"


def main() -> None:
    """Serves requests until standard input ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_AS, MEMORY_BYTES)):
        resource.setrlimit(kind, (most, most))
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    serve(answer_to)


def answer_to(request: dict[str, Any]) -> dict[str, Any]:
    """`{failures: [{complaint, asked, expected, answered, person}]}` → `{groups: [{members, words}]}`, largest first."""
    failures: list[dict[str, str]] = request["failures"]
    members = _members(failures)
    return {"groups": [{"members": own, "words": words} for own, words in zip(members, _names(failures, members), strict=True)]}


def _members(failures: Sequence[dict[str, str]]) -> list[list[int]]:
    import numpy as np
    from sklearn.cluster import AgglomerativeClustering  # type: ignore[import-untyped]

    vectors = _vectors(failures)
    if vectors is None:
        return []
    told = np.flatnonzero(vectors.getnnz(axis=1))
    if len(told) < SIZE_LEAST:
        return []
    kept = vectors[told]
    distances = np.clip(1.0 - (kept @ kept.T).toarray(), 0.0, 1.0)
    tree = AgglomerativeClustering(n_clusters=None, distance_threshold=DISTANCE_MOST, metric="precomputed", linkage="average")
    found: dict[int, list[int]] = {}
    for place, group in zip(told, tree.fit_predict(distances), strict=True):
        found.setdefault(int(group), []).append(int(place))
    large = [own for own in found.values() if len(own) >= SIZE_LEAST]
    return sorted(large, key=lambda own: (-len(own), own[0]))[:GROUPS_MOST]


def _vectors(failures: Sequence[dict[str, str]]) -> Any:
    """A row for each failure, of length one or zero; None where there is no word at all."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer  # type: ignore[import-untyped]
    from sklearn.preprocessing import normalize  # type: ignore[import-untyped]

    words = {"stop_words": _stop_words(), "token_pattern": WORD, "ngram_range": (1, 2), "max_features": FEATURES_MOST}
    confusions = [f"{one['expected']}\x1f{one['answered']}" if one["expected"] and one["answered"] else "" for one in failures]
    blocks = []
    for name, texts, made in (
        ("complaint", [one["complaint"] for one in failures], TfidfVectorizer(sublinear_tf=True, **words)),
        ("asked", [one["asked"] for one in failures], TfidfVectorizer(sublinear_tf=True, **words)),
        ("confusion", confusions, CountVectorizer(analyzer=lambda text: [text] if text else [])),
    ):
        try:
            blocks.append(normalize(made.fit_transform(texts).astype("float64")) * WEIGHTS[name])
        except ValueError:  # no word in any of these texts
            continue
    return normalize(hstack(blocks).tocsr()) if blocks else None


def _names(failures: Sequence[dict[str, str]], members: Sequence[Sequence[int]]) -> Iterator[list[str]]:
    """Of each group the words whose share in it most exceeds their share elsewhere."""
    from sklearn.feature_extraction.text import CountVectorizer

    analyze = CountVectorizer(stop_words=_stop_words(), token_pattern=WORD, ngram_range=(1, 2)).build_analyzer()
    spoken = [set(analyze(f"{one['complaint']} \n {one['asked']}")) for one in failures]
    everywhere = Counter(word for own in spoken for word in own)
    for own in members:
        inside = Counter(word for n in own for word in spoken[n])
        people: dict[str, set[str]] = {}
        for n in own:
            for word in spoken[n]:
                people.setdefault(word, set()).add(failures[n]["person"] or f"\x00{n}")
        yield _distinct(
            sorted(
                (word for word, times in inside.items() if len(people[word]) >= PEOPLE_LEAST and 3 * times >= len(own)),
                key=lambda word: (-_telling(inside[word], len(own), everywhere[word], len(failures)), -len(word), word),
            )
        )


def _stop_words() -> list[str]:
    """scikit-learn's English ones, and short forms, which its own words are without."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    short = {f"{one}{mark}t" for one in CONTRACTED for mark in "'’"}
    owned = {f"{one}{mark}{end}" for one in PERSONAL for mark in "'’" for end in ("m", "s", "re", "ve", "d", "ll")}
    return sorted(ENGLISH_STOP_WORDS | short | owned | {"did", "does", "just", "yes"})


def _telling(inside: int, size: int, everywhere: int, of: int) -> float:
    """Share in the group times how much more often than elsewhere (both smoothed by one)."""
    outside = (everywhere - inside + 1) / (of - size + 2)
    return float(inside / size * ((inside / size) / outside) ** 0.5)


def _distinct(words: Sequence[str]) -> list[str]:
    """The first few that share no word with one another."""
    found: list[str] = []
    for word in words:
        if all(not set(word.split()) & set(other.split()) for other in found):
            found.append(word)
        if len(found) == WORDS_MOST:
            break
    return found


if __name__ == "__main__":
    main()
