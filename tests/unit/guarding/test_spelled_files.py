"""What is spelled in a file that is a text, and files inside texts, are read as whoever gets them reads them (PRODUCT E13, E18)."""

import json
from base64 import b64decode, b64encode
from itertools import pairwise
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from burnish_gateway.imports.mask_reported import _messages
from burnish_shared.contracts.guardrails import Deny, OwnPattern, PersonalData, Secrets
from burnish_shared.guarding.addresses import TRIED_MOST, files_in, with_addresses
from burnish_shared.guarding.masks import Masks, blotted, blotting
from burnish_shared.guarding.outgoing import through
from burnish_shared.guarding.rules import Stopped, rule_of
from burnish_shared.guarding.spans import to_bytes
from burnish_shared.guarding.texts import changed_calls, changed_messages, each_text, texts_of_calls, texts_of_message

MAIL = "ann@example.com"
SPELLED = "ann\\u0040example.com"
CARD = "4111111111111111"

personal = rule_of("r", PersonalData(kind="personal_data"))
blot = blotting(personal.finders)


def in_base64(text: str, codec: str = "utf-8") -> str:
    return b64encode(text.encode(codec)).decode()


def message(file_data: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "file", "file": {"file_data": file_data}}]}


def after(file_data: str) -> str:
    """What the file says once it is masked."""
    (made,) = changed_messages([message(file_data)], blot)
    assert made == _messages([message(file_data)], blot)[0], "made elsewhere, it is masked as our own are"
    return b64decode(made["content"][0]["file"]["file_data"].rpartition(",")[2]).decode()


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "application/x-ndjson", "application/octet-stream"])
def test_a_json_file_is_read_by_its_values(kind: str) -> None:
    """A rule saw `ann\\u0040example.com`, and the model an address."""
    text = f'{{"to": "{SPELLED}", "card": {CARD}, "n": 1.50, "said": "\\n{MAIL}"}}'
    file = f"data:{kind};base64,{in_base64(text)}"
    assert any(f'"{MAIL}"' in one for one in texts_of_message(message(file)))
    assert after(file) == '{"to": "[EMAIL]", "card": "[CARD]", "n": 1.50, "said": "\\n[EMAIL]"}'


@pytest.mark.capability("E13", "E18")
def test_json_in_lines_and_what_is_only_said_to_be_json_stay_json() -> None:
    lines = f'{{"n": {CARD}}}\n{{"to": "{SPELLED}"}}\n'
    assert after("data:application/jsonl;base64," + in_base64(lines)) == '{"n": "[CARD]"}\n{"to": "[EMAIL]"}\n'
    assert json.loads(after("data:application/json;base64," + in_base64(f" {CARD}"))) == "[CARD]"
    assert json.loads(after("data:application/json;base64," + in_base64(f'"{SPELLED}"'))) == "[EMAIL]"


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("kind", ["text/html", "application/xml", "text/csv", "image/svg+xml", "text/plain", "application/json"])
@pytest.mark.parametrize("spelled", ["ann&#64;example.com", "ann&#x40;example.com", "ann&commat;example&period;com", "ann&#0064example.com",
                                     "&#97;&#110;&#110;&#64;&#101;xample.com"])  # fmt: skip
def test_entities_are_read_in_files(kind: str, spelled: str) -> None:
    text = json.dumps({"to": f"<p>{spelled}</p> &amp; more"}) if kind == "application/json" else f"<p>{spelled}</p> &amp; more"
    file = f"data:{kind};base64,{in_base64(text)}"
    assert any(MAIL in one for one in texts_of_message(message(file)))
    assert after(file) == text.replace(spelled, "[EMAIL]")


@pytest.mark.capability("E13", "E18")
def test_escapes_over_entities_and_escapes_in_programs_are_read() -> None:
    assert after("data:application/json;base64," + in_base64('["ann\\u0026#64;example.com"]')) == '["[EMAIL]"]'
    assert after("data:application/javascript;base64," + in_base64(f'const to = "{SPELLED}"')) == 'const to = "[EMAIL]"'
    assert after("data:text/plain;base64," + in_base64(f"C:\\new\\{MAIL} \\u00e4")) == "C:\\new\\[EMAIL] \\u00e4"


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    "text", ["x &amp; y &nosuch; &#xZZ; &#99999999; &", '{"a": "\\u00e4\\n", "n": 1.50}', "\\u00e4 \\", "&#0;&#55296;"]
)
def test_what_is_spelled_stays_where_nothing_is_found(text: str) -> None:
    for kind in ("text/html", "application/json", "text/plain"):
        given_ = message(f"data:{kind};base64,{in_base64(text)}")
        assert changed_messages([given_], blot) == [given_]


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("charset", ["utf-7", "UTF-7", "unicode-1-1-utf-7"])
def test_utf_7_is_read_where_a_file_says_so(charset: str) -> None:
    body = b64encode(b"An +AGE-nn+AEA-example.com").decode()
    file = f"data:text/plain;charset={charset};base64,{body}"
    assert any(MAIL in one for one in texts_of_message(message(file)))
    assert after(file) == "An [EMAIL]"


@pytest.mark.capability("E13", "E18")
def test_each_reading_in_which_something_is_found_is_masked() -> None:
    """Of a file that says one thing in UTF-8 and another in UTF-7 only the first was."""
    body = b64encode(b"bob@example.com ann+AEA-example.com").decode()
    assert after(f"data:text/plain;charset=utf-7;base64,{body}") == "[EMAIL] [EMAIL]"


ADDRESS = "data:text/csv;base64," + in_base64(f"Name;Mail\nAnn;{MAIL}\n")
BLOTTED = "data:text/csv;base64," + in_base64("Name;Mail\nAnn;[EMAIL]\n")
AROUND = ["{}", "See {} please", "![]({})", "<a href='{}'>it</a>", "{}.", "url({})", "x{}\nRegards, Ann", "{} and {}", "bob {}"]


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("around", AROUND)
def test_a_file_inside_a_text_is_read_and_written_anew(around: str) -> None:
    text, made = around.replace("{}", ADDRESS), around.replace("{}", BLOTTED)
    assert blot(text) == made
    assert blotted(to_bytes(text), personal.finders) == to_bytes(made)
    assert each_text({"variables": [text]}, blot) == {"variables": [made]}
    assert changed_messages([{"role": "user", "content": text}], blot) == [{"role": "user", "content": made}]
    assert any(MAIL in one for one in with_addresses([text]))


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    "address",
    [
        "DATA:text/plain; base64 ," + in_base64(MAIL), f'data:text/plain;charset="utf-8";base64,{in_base64(MAIL)}',
        "data:;base64," + in_base64(f"To {MAIL}, as said"), "data:text/plain;base64," + in_base64(f"a{MAIL}").rstrip("="),
        "data:text/plain," + quote(MAIL, safe=""), "data:application/json;base64," + in_base64(f'["{SPELLED}"]'),
        f"data:text/plain;name={'n' * 300};base64,{in_base64(MAIL)}",
        "data:text/html;base64," + in_base64(f"<img src='{ADDRESS}'>"),
    ],
)  # fmt: skip
def test_however_such_an_address_is_written(address: str) -> None:
    made = blot(f"Look: {address} there")
    assert made.startswith("Look: ") and made.endswith(" there") and made != f"Look: {address} there"
    assert not any(MAIL in one or MAIL in unquote(one) for one in with_addresses(with_addresses([made])))


@pytest.mark.capability("E13", "E18")
def test_base64_in_lines_ends_where_words_begin() -> None:
    body = in_base64(f"Some words before it, and then {MAIL} says so" + "x" * 12)
    lines = "\n".join(body[at : at + 20] for at in range(0, len(body), 20))
    for behind in ("", "\nRegards", "\n\nRegards", "\nRegards, Ann"):
        made = blot(f"data:text/plain;base64,{lines}{behind}")
        assert made.endswith(behind)
        said = made.removesuffix(behind) if behind else made
        assert "[EMAIL]" in b64decode(said.rpartition(",")[2]).decode()


@pytest.mark.capability("E13", "E18")
def test_tool_arguments_metadata_and_a_prompt_of_one_execution() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "send", "arguments": json.dumps({"file": ADDRESS, "n": 1})}}]
    (made,) = changed_calls(calls, blot)
    assert json.loads(made["function"]["arguments"]) == {"file": BLOTTED, "n": 1}
    assert any(MAIL in one for one in with_addresses(texts_of_calls(calls)))


@pytest.mark.capability("E18")
def test_a_mask_inside_a_file_comes_back_in_the_arguments_of_a_call() -> None:
    masks = Masks()
    hidden = masks.hiding(personal.finders)(f"Send {ADDRESS}")
    assert MAIL not in str(list(with_addresses([hidden]))) and "[EMAIL_1]" in str(list(with_addresses([hidden])))
    arguments = json.dumps({"file": hidden.removeprefix("Send ")})
    (made,) = changed_calls([{"function": {"name": "f", "arguments": arguments}}], masks.telling([]))
    assert json.loads(made["function"]["arguments"]) == {"file": ADDRESS}
    text, counts = Masks().hide(f"Send {ADDRESS} to bob@example.com", personal.finders)
    assert counts == {"email": 2} and "bob" not in text


@pytest.mark.capability("E18")
def test_an_answer_that_is_told_whole_is_stopped_by_what_its_file_says() -> None:
    deny = rule_of("d", Deny(kind="deny", phrases=["acme corp"]), sides=["out"])
    said = "Here: data:text/plain;base64," + in_base64("Buy at Acme Corp.")
    assert through(said, [deny], Masks()) == Stopped("d")
    assert through(f"Here: {ADDRESS}", [personal], Masks()) == f"Here: {BLOTTED}"
    assert through(f"Here: {ADDRESS}", [deny], Masks()) == f"Here: {ADDRESS}"


PNG = "data:image/png;base64," + b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(200))).decode()


@pytest.mark.capability("E13", "E18")
def test_harmless_files_and_pictures_inside_a_text_stay() -> None:
    drawn = rule_of("s", Secrets(kind="secrets")).finders
    prose = "data:text/plain;base64," + in_base64("Der Bote kam am Dienstag, und niemand war zu Hause. " * 3)
    assert blotting(drawn)(f"See {prose} here") == f"See {prose} here", "base64 is as mixed as a drawn key is, and is read instead"
    assert blot(f"See {PNG} here") == f"See {PNG} here" and files_in(to_bytes(PNG)) == []
    key = "sk-" + "proj-" + b64encode(bytes(range(40, 90))).decode().rstrip("=")
    for said in (f"data:text/plain;base64,{key}", f"data:;base64,{key}", f"{prose} {key}"):
        assert key not in blotting(drawn)(said), "what is no text in base64 is words still"


@pytest.mark.capability("E13", "E18")
def test_what_a_pattern_finds_over_a_whole_address_is_masked_whole() -> None:
    own = PersonalData(kind="personal_data", kinds=["email"], patterns=[OwnPattern(name="file", pattern=r"data:\S+", longest=100)])
    assert blotting(rule_of("o", own).finders)(f"a {ADDRESS} b {MAIL}") == "a [FILE] b [EMAIL]"


@pytest.mark.capability("E13", "E18")
@given(some.text(alphabet="data:;base64,QUJD=%4\n '\"x/", max_size=80))
def test_a_text_in_which_nothing_is_found_stays_as_it_was_written(text: str) -> None:
    assert blot(text) == text or "@" in unquote(text) or any("@" in one for one in with_addresses([text]))
    found = files_in(to_bytes(text))
    assert all(one.end <= other.start for one, other in pairwise(found))


@pytest.mark.parametrize("address", ["data:;base64,YUBi", "data:,a%40b"])
def test_of_a_text_full_of_addresses_only_the_first_are_read(address: str) -> None:
    """Each takes as long as a thousand words do: a text of nothing else would keep an executor for seconds."""
    assert len(files_in(to_bytes(" ".join([address] * (TRIED_MOST + 9))))) == TRIED_MOST
