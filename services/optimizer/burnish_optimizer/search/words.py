"""Small words that say nothing of what a text is about."""

from typing import Final

from burnish_shared.word_stems import stem

_WORDS: Final = """
a an and are as at be been but by can could did do does for from get got had has have how i if in into is it its me my no not of on or our
out please she so some that the their them then there these they this those to too up want was we were what when where which who why will
with would you your
"""
STOP: Final = frozenset(_WORDS.split())
STOP_STEMS: Final = frozenset(stem(word) for word in STOP)
