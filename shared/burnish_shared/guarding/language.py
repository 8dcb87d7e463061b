"""Which language a text is in, as far as its script and its commonest words tell. No model, and no answer where it cannot be told."""

import re
from collections import Counter
from typing import Final

LOOKED_AT_CHARACTERS: Final = 4_000

WORDS_LEAST: Final = 4
"""Fewer common words tell nothing."""

SCRIPT_LEAST: Final = 0.3
"""Share of the letters from which on a script that has one language tells it; names and terms in Latin letters stand beside it."""

SCRIPTS: Final = (
    ("ja", re.compile("[\u3040-\u30ff]"), 0.1),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]"), SCRIPT_LEAST),
    ("zh", re.compile("[\u4e00-\u9fff]"), SCRIPT_LEAST),
    ("ru", re.compile("[\u0400-\u04ff]"), SCRIPT_LEAST),
    ("ar", re.compile("[\u0600-\u06ff]"), SCRIPT_LEAST),
    ("he", re.compile("[\u0590-\u05ff]"), SCRIPT_LEAST),
    ("hi", re.compile("[\u0900-\u097f]"), SCRIPT_LEAST),
    ("el", re.compile("[\u0370-\u03ff]"), SCRIPT_LEAST),
    ("th", re.compile("[\u0e00-\u0e7f]"), SCRIPT_LEAST),
)
"""Japanese first: it has Chinese signs too."""

COMMON: Final = {
    "en": "the of and to in is that it for you was with on are as this be have "
    "at not they from or by but what we can your if will my how an do",
    "de": "der die das und ist in den von zu mit sich des auf für nicht ein eine dem "
    "im es auch ich sie wie bei wir aus nach oder war sind aber kann mein",
    "fr": "le la les de des et est un une en que qui dans pour pas sur avec plus "
    "ce il je vous nous au du par mon ma sont mais comme ou cette être",
    "es": "el la los las de y que en un una es por con para no se del al "
    "lo como más pero su mi está son me ha cuando este todo qué muy sin",
    "it": "il lo la i gli le di e che in un una è per con non si del della sono ho mi come più ma anche da questo nel ci alla cosa hai dei",
    "pt": "o a os as de e que em um uma é para com não se do da no na por mais como mas foi eu ele você meu são está isso ao dos das muito",
    "nl": "de het een en van in is dat op te zijn met voor niet aan er ik je "
    "maar ook als bij om door wat hij ze wij kan mijn nog heeft naar uit",
    "pl": "i w na z do nie się to jest że o jak co po ale od za dla czy przez tak być był mam ja go jego już tylko mnie może są ten",
}
"""The commonest words of each, told by the frequency lists of OpenSubtitles (hermitdave/FrequencyWords); some stand in two languages."""

_LANGUAGES_OF: Final[dict[str, list[str]]] = {}
for _language, _words in COMMON.items():
    for _word in set(_words.split()):
        _LANGUAGES_OF.setdefault(_word, []).append(_language)

WORD: Final = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> str | None:
    """An ISO 639-1 code; None where it cannot be told: too short, mixed, or none of those known here."""
    words = [one.lower() for one in WORD.findall(text[:LOOKED_AT_CHARACTERS])]
    letters = "".join(words)
    if not letters:
        return None
    for language, script, share in SCRIPTS:
        if len(script.findall(letters)) >= share * len(letters):
            return language
    counted = Counter(language for word in words for language in _LANGUAGES_OF.get(word, ()))
    ranked = counted.most_common(2)
    if not ranked or ranked[0][1] < WORDS_LEAST or (len(ranked) == 2 and ranked[1][1] > 0.8 * ranked[0][1]):
        return None
    return ranked[0][0]
