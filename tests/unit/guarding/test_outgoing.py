"""An answer that is told piece by piece is the same however it is cut, and holds nothing that must not be said."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_shared.contracts.guardrails import Deny, GuardrailSettings, Language, OwnCheck, PersonalData, Secrets, Size
from burnish_shared.guarding.arguments import changed_arguments
from burnish_shared.guarding.masks import Masks, in_json
from burnish_shared.guarding.outgoing import HELD_MOST, Outgoing, through
from burnish_shared.guarding.rules import Rule, Stopped, rule_of

pytestmark = pytest.mark.capability("E18")

SAID = (
    "Write to ann.lee@example.co.uk or call +49 30 1234567. Card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00 and 192.168.1.77. "
    "The password: hunter2-xyz9; a key is sk-proj-abcdefghijklmnopqrstuvwx1234. "
    'newPassword: `hun$2er`, PWD=/home/ann2/project, **Password:** hunt?er2, \\"password\\": \\"abc1~secret\\". '
    "password = form.field2. Größe 🔑 in 2024: 17 of 20."
)
MASKED = (
    "Write to [EMAIL] or call [PHONE]. Card [CARD], IBAN [IBAN] and [IP]. "
    "The password: [SECRET]; a key is [SECRET]. "
    'newPassword: `[SECRET]`, PWD=/home/ann2/project, **Password:** [SECRET], \\"password\\": \\"[SECRET]\\". '
    "password = form.field2. Größe 🔑 in 2024: 17 of 20."
)


def _rules(*settings: GuardrailSettings) -> list[Rule]:
    return [rule_of(one.kind, one, sides=["out"]) for one in settings]


def _told(outgoing: Outgoing, text: str, sizes: list[int]) -> tuple[list[str], Stopped | None]:
    told: list[str] = []
    at = n = 0
    while at < len(text):
        size = sizes[n % len(sizes)]
        said = outgoing.feed(text[at : at + size])
        if isinstance(said, Stopped):
            return told, said
        told.append(said)
        at, n = at + size, n + 1
    said = outgoing.end()
    return (told, said) if isinstance(said, Stopped) else ([*told, said], None)


CUTS = st.lists(st.integers(1, 12), min_size=1, max_size=20)


@settings(max_examples=40)
@given(CUTS)
def test_masks_are_the_same_however_the_answer_is_cut(sizes: list[int]) -> None:
    outgoing = Outgoing(_rules(PersonalData(kind="personal_data"), Secrets(kind="secrets")), Masks())
    told, stopped = _told(outgoing, SAID, sizes)
    assert stopped is None and "".join(told) == MASKED and outgoing.text == SAID


@settings(max_examples=40)
@given(CUTS)
def test_what_was_masked_on_the_way_in_comes_back_and_what_the_model_says_itself_does_not(sizes: list[int]) -> None:
    masks = Masks()
    assert masks.mask_of("email", "ann@example.com") == "[EMAIL_1]"
    outgoing = Outgoing(_rules(PersonalData(kind="personal_data")), masks)
    told, _ = _told(outgoing, "Dear [EMAIL_1], not bob@example.com, [NOTE_1] [x] [EMAIL_1]", sizes)
    assert "".join(told) == "Dear ann@example.com, not [EMAIL], [NOTE_1] [x] ann@example.com"


@settings(max_examples=40)
@given(CUTS)
def test_not_one_letter_of_a_denied_phrase_is_told(sizes: list[int]) -> None:
    outgoing = Outgoing(_rules(Deny(kind="deny", phrases=["blue whale", "acme corp"])), Masks())
    told, stopped = _told(outgoing, "We are better than most, and better than ACME   Corp by far.", sizes)
    assert stopped == Stopped("deny") and "We are better than most, and better than ".startswith("".join(told))


@settings(max_examples=40)
@given(CUTS)
def test_nothing_of_what_stops_is_told(sizes: list[int]) -> None:
    outgoing = Outgoing(_rules(PersonalData(kind="personal_data", action="block")), Masks())
    told, stopped = _told(outgoing, "His number is +49 30 1234567.", sizes)
    assert stopped is not None and "His number is ".startswith("".join(told))


def test_plain_prose_waits_for_a_word_only() -> None:
    outgoing = Outgoing(_rules(PersonalData(kind="personal_data"), Secrets(kind="secrets")), Masks())
    waits = 0
    for word in ("The quick brown fox jumps over the lazy dog and then it goes home again. " * 20).split(" "):
        outgoing.feed(word + " ")
        waits = max(waits, len(outgoing._waiting))
    assert waits <= 24


def test_a_key_without_end_is_not_held_for_ever_and_never_told() -> None:
    outgoing = Outgoing(_rules(Secrets(kind="secrets")), Masks())
    key = "sk-" + "aB3" * (HELD_MOST // 2)
    told, stopped = _told(outgoing, f"Here: {key} and on.", [100])
    assert stopped is None and "".join(told) == "Here: [SECRET] and on." and "aB3" not in "".join(told)
    under_way = Outgoing(_rules(Secrets(kind="secrets")), Masks())
    for start in range(0, len(key), 1_000):
        under_way.feed(key[start : start + 1_000])
        assert len(under_way._waiting) <= HELD_MOST


def test_sizes_stop_in_the_middle_and_own_checks_hold_all() -> None:
    outgoing = Outgoing(_rules(Size(kind="size", most_characters=20)), Masks())
    told, stopped = _told(outgoing, "x" * 50, [8])
    assert stopped == Stopped("size") and "".join(told) == "x" * 16
    holding = Outgoing(_rules(OwnCheck(kind="code", code="True")), Masks())
    assert _told(holding, "a b c", [1]) == ([""] * 5 + ["a b c"], None)


def test_an_answer_that_is_held_whole_is_not_copied_for_each_of_its_pieces() -> None:
    outgoing = Outgoing(_rules(Language(kind="language", languages=["en"])), Masks())
    pieces = ["It is a fine day, ", "and we go ", "to the sea. \ud83d", "\ude00"]
    assert [outgoing.feed(one) for one in pieces] == [""] * 4 and outgoing._waiting == b""
    assert outgoing.end() == "".join(pieces) == outgoing.text


SLASHED = [
    (r"CORP\\[EMAIL_1]", r"CORP\\ann@example.com"),
    (r"CORP\[EMAIL_1]", r"CORP\ann@example.com"),
    (r"CORP\\[EMAIL\_1\]", r"CORP\\ann@example.com"),
    (r"Dear \[EMAIL\_1\] and \[EMAIL_1\], [EMAIL\_1]", "Dear ann@example.com and ann@example.com, ann@example.com"),
]


@settings(max_examples=300)
@given(CUTS, st.sampled_from(SLASHED))
def test_a_backslash_before_a_mask_is_part_of_it_only_where_the_rest_is_escaped_too(sizes: list[int], said: tuple[str, str]) -> None:
    masks = Masks()
    masks.mask_of("email", "ann@example.com")
    written, restored = said
    assert masks.restore(written) == restored
    for rules in ([], _rules(Deny(kind="deny", phrases=["x" * 30]))):
        assert "".join(_told(Outgoing(rules, masks), written, sizes)[0]) == restored
    told = changed_arguments(json.dumps({"u": written}), masks.telling(()))
    assert json.loads(told) == {"u": restored}


def test_json_with_a_backslash_before_a_mask_stays_json() -> None:
    masks = Masks()
    masks.mask_of("email", "ann@example.com")
    assert json.loads(str(through(json.dumps({"u": "CORP\\[EMAIL_1]"}), [], masks, spelling=in_json))) == {"u": "CORP\\ann@example.com"}


@pytest.mark.parametrize("streams", [False, True])
def test_answers_of_json_are_read_as_arguments_are(streams: bool) -> None:
    masks = Masks()
    masks.mask_of("email", "ann@example.com")
    rules = _rules(PersonalData(kind="personal_data"), Deny(kind="deny", phrases=["Müller"]), OwnCheck(kind="code", code="True"))

    def told(text: str) -> str | Stopped:
        if not streams:
            return through(text, rules[:2], masks, spelling=in_json)
        parts, stopped = _told(Outgoing(rules, masks, in_json), text, [3])
        return stopped or "".join(parts)

    said = '{"text": "Contact:\\nbob@example.com", "to": "bob\\u0040example.com [EMAIL_1]"}'
    assert told(said) == '{"text": "Contact:\\n[EMAIL]", "to": "[EMAIL] ann@example.com"}'
    assert told('{"name": "M\\u00fcller"}') == Stopped("deny")
    assert told('No "JSON": bob@example.com') == 'No "JSON": [EMAIL]'
