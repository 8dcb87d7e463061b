"""Templates, categories and variables of the source systems in our words (PRODUCT K2)."""

import json
import time

import pytest

from burnish_gateway.compat.source.filled import filled
from burnish_gateway.compat.source.template import categories_in, converted
from burnish_gateway.enrichments.contents import grouped, split, text_of, without_cues
from burnish_gateway.enrichments.page_words import words_of_page
from burnish_gateway.optimization.suggest import by_rules, read
from burnish_shared.storable_text import storable_value
from burnish_shared.template import parse_messages

pytestmark = pytest.mark.capability("K2")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Sort {ticket}.", "Sort {{ticket}}."),
        ('As {"label": "x"}: {ticket}', 'As {"label": "x"}: {{ticket}}'),
        ("Ours {{ticket}} stays.", "Ours {{ticket}} stays."),
        ("{a}{b} and {a}", "{{a}}{{b}} and {{a}}"),
        ('{ "a": {"b": 1} }', '{ "a": {"b": 1} }'),
    ],
)
def test_single_braces_around_a_name_become_a_variable_and_json_stays(theirs: str, ours: str) -> None:
    made = converted(theirs)
    assert made.template == ours
    parse_messages([{"role": "user", "content": made.template}], parameters=None)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Sort into one of: billing, shipping or access.", ["billing", "shipping", "access"]),
        ("Categories:\n- billing: money\n- shipping\n\nTicket: x", ["billing", "shipping"]),
        ("Use these categories\n1. Billing – money\n2. Access", ["Billing", "Access"]),
        ("Labels:\nCategories:\n- a\n- b", ["a", "b"]),
        ("Labels:\n- only\nCategories:\n\n- a\n- b\nend", ["a", "b"]),
        ("Answer kindly.", []),
    ],
)
def test_categories_are_found_where_a_template_lists_them(text: str, names: list[str]) -> None:
    assert categories_in(text) == names


@pytest.mark.parametrize("text", ["labels\n" * 18_000 + "- a\n" * 18_000, "- labels\n" * 20_000], ids=["apart", "of themselves"])
def test_headings_without_end_take_no_time(text: str) -> None:
    """An event loop reads them, in which everybody else waits."""
    began = time.process_time()
    assert categories_in(text) == []
    assert time.process_time() - began < 3


@pytest.mark.parametrize("text", ["{größe}", "{入力}", "{ ticket }", "{user.name}", "{ticket!r}"])
def test_what_only_looks_like_a_variable_is_named(text: str) -> None:
    made = converted(f'As {{"a": {{"b": 1}}}}: {{ticket}} {{{{ours}}}} {text} {text}')
    assert text in made.template
    assert [one.partition(" is ")[0].partition(" stays ")[0] for one in made.changes] == ["{ticket}", text]


def test_what_is_not_given_stays_as_it_is_written() -> None:
    variables, warnings = filled({"a": 1, "more": 2}, ["a", "b", "c.d"])
    assert variables == {"a": 1, "more": 2, "b": "{{b}}", "c": {"d": "{{c.d}}"}}
    assert [one.partition(":")[0] for one in warnings] == ["b", "c.d", "more"]


def test_suggestions_follow_from_figures_alone() -> None:
    stats = {"x": {"correct": 1, "total": 5}, "y": {"correct": 4, "total": 4}, "odd": 3}
    found = by_rules(stats, {"x": {"x": 1, "y": 4}, "bad": 1}, metrics={"overall_accuracy": 5 / 9}, failed=4)
    assert found.priority_categories == ["x"] and "'x' differs from 'y'" in found.suggestions[0] and "56%" in found.analysis
    nothing = by_rules({}, {}, metrics={}, failed=0)
    assert nothing.suggestions == [] and nothing.analysis.startswith("Nothing was said of its answers")
    assert by_rules({}, {}, metrics={}, failed=2).analysis.startswith("Not all answers were right")
    assert read('{"analysis": "a", "suggestions": ["s", 1]}', spare=found) is not None
    assert read("no", spare=found) is None


def test_contents_are_split_so_that_nothing_is_lost_and_every_part_fits() -> None:
    text = "\n\n".join(f"Paragraph {n} " + "ü" * 50 for n in range(60)) + "x" * 5000
    parts = split(text, room_tokens=200)
    assert all(len(one.encode()) <= 600 for one in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert split("  ", room_tokens=10) == []
    groups = grouped(list(range(7)), room_tokens=1)
    assert [one for group in groups for one in group] == list(range(7)) and all(len(one) >= 2 for one in groups)


def test_pages_and_subtitles_are_read_as_words() -> None:
    assert words_of_page("<head><title>t</title></head><p>One<br>two</p><script>no</script>&amp; <b>three</b>") == "One\ntwo\n& three"
    assert without_cues("WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nHello.\n") == "Hello."


@pytest.mark.parametrize(
    ("subtitles", "said"),
    [
        ("1\r\n00:00:01,000 --> 00:00:02,000\r\n42\r\n\r\n2\r\n1:00:03,000 --> 1:00:04,000\r\nIn\r\n1984\r\n", "42\nIn\n1984"),
        ("WEBVTT - of May\nKind: captions\n\nNOTE by Ada\nnobody says this\n\nSTYLE\n::cue {}\n\nintro\n"
         "00:01.000 --> 00:02.000 align:start\nHello\nNOTE it\n\nNOTE\n\n100:00:01.000 --> 100:00:02.000\nlate", "Hello\nNOTE it\nlate"),
        ("1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo", "One\nTwo"),
        ("NOTE: a --> b\n\n7\n\nWEBVTT is a format", "NOTE: a --> b\n\n7\n\nWEBVTT is a format"),
    ],
    ids=["SubRip", "WebVTT", "without blank lines", "none"],
)  # fmt: skip
def test_of_subtitles_what_is_said_stays_and_nothing_else(subtitles: str, said: str) -> None:
    assert without_cues(subtitles) == said


def test_a_conversation_in_which_nobody_says_anything_holds_no_text() -> None:
    def said(*texts: str | None) -> str:
        return text_of({"messages": [{"role": "user", "content": text} for text in texts]})

    assert (said("", " \n", None), said("", "Hello")) == ("", "user: Hello")


def test_the_words_of_a_page_are_what_somebody_would_read() -> None:
    page = "<!doctype html><head><title>t</title><body><h1>A &amp; B</h1><script>if (a<b) '</p>'</script><p title='a>b'>1 < 2</p><!-- > -->"
    assert words_of_page(page + "<svg><text>no</text></svg><svg/>end&#" + "9" * 5000 + ";") == "A & B\n1 < 2\nend&#" + "9" * 5000 + ";"
    assert words_of_page('one <a href="never closed>two</a> three') == "one two three"


@pytest.mark.parametrize("piece", ["<a ", "<a/", "<!--", "<a b='", "<a b=\"<a b='", "</", "<?", "<![CDATA[", "<script>", "&#9"])
def test_a_page_that_is_written_to_be_slow_is_read_as_fast_as_another(piece: str) -> None:
    begun = time.thread_time()
    words_of_page(piece * (400_000 // len(piece)))
    assert time.thread_time() - begun < 10, "every tag is looked at once; a reader that looks again takes minutes"


def test_parts_fit_as_they_are_told_in_json() -> None:
    text = '"\n\\' * 4000
    parts = split(text, room_tokens=500)
    assert all(len(json.dumps(one).encode()) <= 1500 + 2 for one in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_what_a_model_says_can_be_stored() -> None:
    said = json.loads('{"a\\u0000": ["x\\u0000", "\\ud800", 1e999, 1.5, true, null]}')
    assert storable_value(said) == {"a\ufffd": ["x\ufffd", "\ufffd", None, 1.5, True, None]}
