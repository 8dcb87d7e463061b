"""Arguments of tool calls are looked at as whoever parses them reads them, and stay what they are around what is found."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.contracts.guardrails import Deny, OwnPattern, PersonalData, Secrets
from burnish_shared.guarding.arguments import HELD_MOST, HELD_MOST_BYTES, changed_arguments, is_like_json, texts_in_arguments
from burnish_shared.guarding.changes import Edit, Editor
from burnish_shared.guarding.masks import Masks, blotting
from burnish_shared.guarding.rules import rule_of
from burnish_shared.guarding.spans import Finder, Found
from burnish_shared.guarding.texts import changed_calls

pytestmark = pytest.mark.capability("E13", "E18")

FINDERS = (*rule_of("s", Secrets(kind="secrets")).finders, *rule_of("p", PersonalData(kind="personal_data")).finders)

BLOT = blotting(FINDERS)

ANN = "\\u0061nn@example.com"


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        ('{"to":"ann@example.com"}', '{"to":"[EMAIL]"}'),
        ('{"to":"ann\\u0040example.com"}', '{"to":"[EMAIL]"}'),
        ('{"text":"Hi\\nann@example.com"}', '{"text":"Hi\\n[EMAIL]"}'),
        ('{"a":"\\n","password":"hunter2-xyz9"}', '{"a":"\\n","password":"[SECRET]"}'),
        ('{"p\\u0061ssword":"hunter2-xyz9"}', '{"p\\u0061ssword":"[SECRET]"}'),
        ('{"a":"\\ud83d ann@example.com"}', '{"a":"\\ud83d [EMAIL]"}'),
        ('{"a" : "\\u0066oo"}', '{"a" : "\\u0066oo"}'),
        ('{"a":"\\uD83D\\uDE00\\\\\\"' + ANN + '\\u002c\\u00e9"}', '{"a":"\\uD83D\\uDE00\\\\\\"[EMAIL]\\u002c\\u00e9"}'),
        ('{"a":"' + ANN + '","a":"\\n"}', '{"a":"[EMAIL]","a":"\\n"}'),
        ('{"a":"\\n","b":1e999,"c":"' + ANN + '"}', '{"a":"\\n","b":1e999,"c":"[EMAIL]"}'),
        ('{"a":"' + ANN + '"}.', '{"a":"[EMAIL]"}.'),
        ('{"a":"' + ANN, '{"a":"[EMAIL]'),
        ('{"a":"' + ANN + "\\", '{"a":"[EMAIL]\\'),
        ('"' + ANN + '"', '"[EMAIL]"'),
        ('x" {"a":"' + ANN + '"}', 'x" {"a":"[EMAIL]"}'),
        ("no json \\ ann@example.com", "no json \\ [EMAIL]"),
        ('["\\n",' * 300 + f'"{ANN}"' + "]" * 300, '["\\n",' * 300 + '"[EMAIL]"' + "]" * 300),
        ('{"' + ANN + '":1,"bob@example.com":2,"n":"\\n"}', '{"[EMAIL]":1,"[EMAIL]":2,"n":"\\n"}'),
        ('{"a":"' + ANN + '","n":12345678901234567890.123}', '{"a":"[EMAIL]","n":12345678901234567890.123}'),
    ],
)  # fmt: skip
def test_what_is_found_is_changed_where_it_stands_and_nothing_else(written: str, changed: str) -> None:
    assert changed_arguments(written, BLOT) == changed
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": written}}
    assert changed_calls([call], BLOT)[0]["function"] == {"name": "f", "arguments": changed}


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        ('{"a":"\\"","card":4111111111111111,"n":1.50}', '{"a":"\\"","card":"[CARD]","n":1.50}'),
        ('{"card": 4111111111111111.0 }', '{"card": "[CARD]" }'),
        ("[4111111111111111.4111111111111111]", '["[CARD]"]'),
        ('{"a":"Numbers: 4111111111111111, 4111111111111111]"}', '{"a":"Numbers: [CARD], [CARD]]"}'),
        ("to 4111111111111111, please", "to [CARD], please"),
        ("4111111111111111", '"[CARD]"'),
        (" 4111111111111111\n", ' "[CARD]"\n'),
        ("4111111111111111 4111111111111111", "[CARD] [CARD]"),
        ('{"n":4111111111111111.' + "0" * 100 + ',"a":1}', '{"n":"[CARD]","a":1}'),
        ('{"n":4111111111111111' + " " * 100 + ',"a":1}', '{"n":"[CARD]"' + " " * 100 + ',"a":1}'),
    ],
)  # fmt: skip
def test_a_number_of_which_something_is_changed_becomes_a_string(written: str, changed: str) -> None:
    assert changed_arguments(written, BLOT) == changed


def test_a_number_is_looked_around_once_however_much_of_it_is_changed() -> None:
    digits = blotting(own("7"))
    assert changed_arguments('{"n":' + "17" * 20_000 + ', "m": 7.7}', digits) == '{"n":"[CORP]", "m": "[CORP]"}'
    assert changed_arguments('{"n":"' + "17" * 20_000 + '"}', digits) == '{"n":"' + "1[CORP]" * 20_000 + '"}'


def test_what_goes_on_behind_a_number_is_changed_too() -> None:
    assert changed_arguments("4111, 5 x", Editor(lambda raw, parts: [Edit(0, 2, "A"), Edit(3, 7, "B")])) == '"A"B x'


def own(pattern: str) -> Sequence[Finder]:
    return rule_of("p", PersonalData(kind="personal_data", kinds=[], patterns=[OwnPattern(name="corp", pattern=pattern)])).finders


@pytest.mark.parametrize(
    ("pattern", "written", "changed"),
    [
        (r"\S+@corp\.example", '{"t":"\\n","to":"ann@corp.example"}', '{"t":"\\n","to":"[CORP]"}'),
        (r"\S+@corp\.example", '{"to":"ann@corp.example","cc":"x"}', '{"to":"[CORP]","cc":"x"}'),
        (r"\S+@corp\.example", '{"to":"a@corp.example","cc":"\\"b@corp.example"}', '{"to":"[CORP]","cc":"[CORP]"}'),
        (r"\S+@corp\.example\S*", '{"to":"ann@corp.example","cc":["x"]}', '{"to":"[CORP]","cc":["x"]}'),
        (r"C-[0-9]+", '{"a": "C-1", "b": "x C-2"}', '{"a": "[CORP]", "b": "x [CORP]"}'),
        (r"customer\W+[0-9]+", '{"the customer": 12, "n": 1}', '{"the [CORP]": "[CORP]", "n": 1}'),
        (r"customer\W+\w+", '{"the customer":"\\u0041nn"}', '{"the [CORP]":"[CORP]"}'),
        (r"(?s)customer.+", '{"customer":[true, {"a\\"":-1.5e3, "":null}]}', '{"[CORP]":[true, {"[CORP]":"[CORP]", "":null}]}'),
        (r".+", ' [1, "x y", "", false]', ' ["[CORP]", "[CORP]", "", false]'),
        (r".+", '{"a":"x', '{"[CORP]":"[CORP]'),
        (r"\S+@corp\.example", "{name}: ann@corp.example", "{name}: [CORP]"),
        (r"\S+:\S+", "{name} fe80::1", "{name} [CORP]"),
        (r"say .+", 'say "Hi", ann', "[CORP]"),
    ],
)  # fmt: skip
def test_own_patterns_reach_over_no_quote(pattern: str, written: str, changed: str) -> None:
    assert changed_arguments(written, blotting(own(pattern))) == changed


@pytest.mark.parametrize("pattern", [r"\S+@corp\.example", r"\S+", ".+", r"(?s).+"])
def test_each_string_gets_its_own_value_back(pattern: str) -> None:
    written = '{"t":"\\n","to":"ann@corp.example","cc":"bob@corp.example, \\"eve\\"","n":[1.5,{"x":"ann@corp.example"}]}'
    masks = Masks()
    hidden = changed_arguments(written, masks.hiding(own(pattern)))
    assert "@" not in hidden and len(json.loads(hidden)) == 4
    told = json.loads(changed_arguments(hidden, masks.telling(())))
    assert told == json.loads(written) | {"n": [told["n"][0], {"x": "ann@corp.example"}]} and told["n"][0] in (1.5, "1.5")


def test_arguments_are_read_as_they_are_written_and_once_more_without_their_escapes() -> None:
    written = json.dumps({"say": 'a "b"'})
    assert list(texts_in_arguments(written)) == [written, '{"say": "a "b""}'] and list(texts_in_arguments("{}")) == ["{}"]


@pytest.mark.parametrize(
    "written",
    [
        '{"a":"\\u0066orbidden","a":1}', '{"a":"\\u0066orbidden"}.', '{"z":1e999,"a":"\\u0066orbidden"}', '{"a":"\\u0066orbidden"',
        '{"a":"\\u0066orbidden', '"\\u0066orbidden"', "\\u0066orbidden", '{"\\u0066orbidden":1}', "[" * 300 + '"\\nforbidden"' + "]" * 300,
    ],
)  # fmt: skip
def test_a_word_that_stops_is_seen_however_it_is_spelled(written: str) -> None:
    rule = rule_of("d", Deny(kind="deny", phrases=["forbidden"]))
    assert any(rule.stops_whole(one) for one in texts_in_arguments(written))


def test_masks_in_arguments_get_their_values_back_spelled_for_json() -> None:
    masks = Masks()
    assert changed_arguments('{"to":"\\u0022Ann\\u0022 ' + ANN + '"}', masks.hiding(FINDERS)) == '{"to":"\\u0022Ann\\u0022 [EMAIL_1]"}'
    own = masks.mask_of("who", 'a "b"\n\ud83d')
    told = changed_arguments(f'{{"a":"{own}\\n\\u005bEMAIL_1] bob@example.com [EMAIL_2]"}}', masks.telling(FINDERS))
    assert json.loads(told) == {"a": 'a "b"\n\ud83d\nann@example.com [EMAIL] [EMAIL_2]'} and told.encode()


def test_only_what_is_read_gets_a_mask() -> None:
    masks = Masks()
    changed_calls([{"function": {"name": "f", "arguments": '{"a":"\\nann@example.com"}'}}], masks.hiding(FINDERS))
    assert masks.mask_of("email", "bob@example.com") == "[EMAIL_2]"


def test_one_look_is_enough_for_all_strings() -> None:
    """A look at each string by itself takes half a second for 30 KB on the loop of all others."""
    looks: list[int] = []

    def find(raw: bytes) -> list[Found]:
        looks.append(len(raw))
        return []

    written = "[" + "1," * 5_000 + '"a",' * 5_000 + '"\\n"]'
    assert changed_arguments(written, blotting([Finder(find, len)])) == written and looks == [len(written) - 1]


HELD = '{"to":"' + ANN + '","n":1.50,"say":"a \\"b\\"\\n"}'


@pytest.mark.parametrize("around", ["{}", '{{"body":{}}}', '[1e999,"x\\n",{},"\\u0066"]', '{{"a":{},"b":{}}}'])
def test_json_that_a_string_of_json_holds_is_read_too(around: str) -> None:
    written, changed = (
        around.replace("{}", json.dumps(one)).replace("{{", "{").replace("}}", "}") for one in (HELD, HELD.replace(ANN, "[EMAIL]"))
    )
    assert "ann@" not in written and changed_arguments(written, BLOT) == changed
    assert changed_arguments(written[:-5], BLOT).startswith(changed[:20]), "cut off"
    rule = rule_of("d", Deny(kind="deny", phrases=["ann"]))
    assert any(rule.stops_whole(one) for one in texts_in_arguments(written))


def test_a_string_that_holds_json_stays_as_it_is_written_where_its_text_says_all() -> None:
    written = '{"body":"{\\u0022to\\":\\"ann@example.com\\",\\"n\\":\\"\\u00e9\\"}"}'
    assert changed_arguments(written, BLOT) == written.replace("ann@example.com", "[EMAIL]")
    quiet = '{"body":"{\\"to\\":\\"\\\\u0062ob\\"}","x":"\\/"}'
    assert changed_arguments(quiet, BLOT) == quiet


def test_masks_in_json_of_a_string_get_their_values_back_spelled_for_both() -> None:
    masks = Masks()
    value = 'Ann "the\\" One'
    own = masks.mask_of("who", value)
    told = changed_arguments(json.dumps({"body": json.dumps({"to": own}), "x": own}), masks.telling(FINDERS))
    assert json.loads(told)["x"] == value and json.loads(json.loads(told)["body"]) == {"to": value}


def test_what_json_of_a_string_does_not_say_is_not_changed_by_how_it_is_written() -> None:
    """A changed escape would be no JSON any more. What only begins like JSON is a text, and changed as that."""
    found = blotting([Finder(lambda raw: [Found("STAFF", one.start(), one.end()) for one in re.finditer(rb"n[0-9]{4}", raw)], len)])
    written = json.dumps({"b": json.dumps({"a": "x\n1234"})})
    assert changed_arguments(written, found) == written
    assert changed_arguments(json.dumps({"b": "[x\\n1234"}), found) == json.dumps({"b": "[x\\[STAFF]"})


def test_so_many_bytes_of_strings_are_read_as_json_and_no_more() -> None:
    short = '{"to":"ann\\u0040example.com"}'
    long = short[:-1] + ',"say":"' + "\\n" * (HELD_MOST_BYTES // 2) + '"}'
    assert changed_arguments(json.dumps([long]), BLOT) == json.dumps([long])
    assert changed_arguments(json.dumps([long, short]), BLOT) == json.dumps([long, '{"to":"[EMAIL]"}']), "a shorter one still is"


def test_so_many_strings_are_read_as_json_and_no_more() -> None:
    looks: list[int] = []

    def find(raw: bytes) -> list[Found]:
        looks.append(len(raw))
        return []

    assert changed_arguments(json.dumps([HELD] * 500), blotting([Finder(find, len)])) and len(looks) <= 1 + 2 * HELD_MOST


NEEDLE = "ann@example.com"

SPELLED = st.tuples(*(st.sampled_from([sign, f"\\u{ord(sign):04x}", f"\\u{ord(sign):04X}"]) for sign in NEEDLE)).map("".join)

WORDS = st.text(st.characters(codec=None, exclude_characters="@.:"), max_size=8)


@st.composite
def written(draw: st.DrawFn, depth: int = 3) -> str:
    """JSON, spelled somehow, with an address in some of its strings. Strings end in a blank: what lies beside an address stays."""
    kind = draw(st.sampled_from(["string", "needle", "number", "list", "object"] if depth else ["string", "needle"]))
    if kind == "list":
        return "[" + draw(st.sampled_from([",", " ,\n"])).join(draw(st.lists(written(depth - 1), max_size=4))) + "]"
    if kind == "object":
        names = draw(st.lists(WORDS, max_size=4, unique=True))
        return "{" + ",".join(f"{json.dumps(f'{at} {one}')}:{draw(written(depth - 1))}" for at, one in enumerate(names)) + "}"
    if kind == "number":
        return draw(st.sampled_from(["0", "-1", "1.50", "1e999", "12345678901234567890.123", "true", "null"]))
    around = json.dumps(draw(WORDS), ensure_ascii=draw(st.booleans()))[1:-1]
    return f'"{around} {draw(SPELLED)} {around}"' if kind == "needle" else f'"{around}"'


def parsed(text: str) -> Any:
    return json.loads(text, parse_float=str, object_pairs_hook=list)


def replaced(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(NEEDLE, "[EMAIL]")
    return [replaced(one) for one in value] if isinstance(value, list | tuple) else value


def plain(value: Any) -> Any:
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


@given(written())
def test_whatever_the_spelling_what_is_found_is_in_no_string_and_the_rest_is_what_it_was(text: str) -> None:
    changed = changed_arguments(text, blotting(rule_of("p", PersonalData(kind="personal_data", kinds=["email"])).finders))
    assert plain(parsed(changed)) == replaced(parsed(text))
    assert changed == text or NEEDLE not in json.dumps(parsed(changed), ensure_ascii=False)


@given(written().filter(is_like_json))
def test_nor_is_it_in_json_that_a_string_holds(text: str) -> None:
    finders = rule_of("p", PersonalData(kind="personal_data", kinds=["email"])).finders
    changed = json.loads(changed_arguments(json.dumps({"body": text, "to": NEEDLE}), blotting(finders)))
    assert changed["to"] == "[EMAIL]" and plain(parsed(changed["body"])) == replaced(parsed(text))
