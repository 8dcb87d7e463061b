"""Columns of files from elsewhere: what they probably mean, what they are said to mean, and what is wrong with which line."""

import json
import time

import pytest

from burnish_gateway.datasets.bodies import read_dataset, read_items
from burnish_gateway.datasets.item import counted
from burnish_gateway.datasets.keep_together import placed
from burnish_gateway.datasets.lines import lines_of
from burnish_gateway.datasets.mapping import guessed, parse_mapping
from burnish_gateway.datasets.preview import read_preview
from burnish_shared.errors import BadRequest, InvalidBody, InvalidField

pytestmark = pytest.mark.capability("D1")

SHEET = (
    b"Question,Ideal Answer,Topic,Set,user_id,Labels,Note\n"
    b"where is my parcel today please,shipping,orders,val,u1,a;b,x\n"
    b"where is my parcel today please now,shipping,orders,test,u1,,y\n"
    b"my card was charged twice,billing,,holdout,u2,c,z\n"
    b"too,many,cells,test,u3,d,e,f\n"
    b'refund?,billing,money,train,u4,"a, b",\n'
)


def test_a_sheet_with_other_names_is_understood_and_its_faults_are_named() -> None:
    shown = read_preview(SHEET, content_type="text/csv", mapping={})
    assert {one.name: one.target for one in shown.columns} == {
        "Question": "input", "Ideal Answer": "expected", "Topic": "category", "Set": "split", "user_id": "group",
        "Labels": "tags", "Note": "metadata.Note",
    }  # fmt: skip
    assert shown.items == 3 and "more fields than the header has columns." in {one.message for one in shown.problems}
    mapping = parse_mapping(
        ["Question=input", "Ideal Answer=expected", "Topic=category", "Set=split", "user_id=group", "Labels=tags", "Note=-"]
    )
    shown = read_preview(SHEET, content_type="text/csv", mapping=mapping)
    assert (shown.lines, shown.items, shown.counts) == (5, 3, {"train": 1, "validation": 1, "test": 1})
    assert [one.line for one in shown.problems] == [4, 5] and "holdout" in shown.problems[0].message
    assert shown.rows[0].metadata == {"category": "orders", "group": "u1", "tags": ["a", "b"]}
    assert shown.near_duplicates[0].lines == [2, 3] and shown.near_duplicates[0].splits == ["validation", "test"]
    assert next(one for one in shown.columns if one.name == "Topic").filled == 3


def test_a_preview_places_items_as_an_upload_does() -> None:
    rows = [f"my parcel number {place} has not arrived and the courier says it was delivered,late," for place in range(12)]
    rows += [f"q{place * 7919} z{place},other,u{place % 5}" for place in range(40)]
    sheet = "\n".join(["input,expected,group", *rows]).encode()
    shown = read_preview(sheet, content_type="text/csv", mapping={})
    items = placed(read_items(sheet, content_type="text/csv").items, held=[])
    assert shown.counts == counted([item.place for item in items])
    assert shown.near_duplicates == [], "what is alike falls into one split"


def test_a_line_that_contradicts_an_earlier_one_is_named() -> None:
    sheet = b"input,expected\na,x\nb,y\na, x\na,z\n"
    shown = read_preview(sheet, content_type="text/csv", mapping={})
    assert (shown.items, shown.duplicates, shown.contradictions) == (2, 2, [5])


@pytest.mark.capability("D1")
def test_what_is_expected_may_be_json_and_is_kept_as_text() -> None:
    given = ['{"b": [1.0, true], "a": "x"}', "[2, 1]", "3", "1.50", "true", '"a text"', '"{\\"as\\": 1.0}"']
    raw = "".join(f'{{"input": "t{number}", "expected": {one}}}\n' for number, one in enumerate(given)).encode()
    kept = ['{"a":"x","b":[1,true]}', "[2,1]", "3", "1.5", "true", "a text", '{"as": 1.0}']
    assert [one.expected for one in read_items(raw, content_type="application/x-ndjson").items] == kept
    whole = f'{{"items": [{", ".join(raw.decode().splitlines())}]}}'.encode()
    assert [one.expected for one in read_items(whole, content_type="application/json").items] == kept
    none = read_items(b'{"items": [{"input": "t", "expected": null}, {"input": "u"}]}', content_type="application/json")
    assert [one.expected for one in none.items] == [None, None], "JSON says by itself that there is no right answer"
    with pytest.raises(InvalidField, match=r"expected"):
        read_items(b'{"items": [{"input": "t", "expected": ["%s"]}]}' % (b"x" * 20_000), content_type="application/json")


def test_another_spelling_of_the_same_json_contradicts_nothing() -> None:
    sheet = b'{"input": "a", "expected": {"n": 1, "m": 2}}\n{"input": "a", "expected": "{\\"m\\": 2.0, \\"n\\": 1}"}\n'
    assert read_preview(sheet, content_type="application/x-ndjson", mapping={}).contradictions == []


def test_examples_of_a_column_are_shown_as_the_file_has_them() -> None:
    shown = read_preview(b'{"input": {"q": "hi"}, "expected": "x"}\n', content_type="application/x-ndjson", mapping={})
    assert shown.columns[0].examples == ['{"q": "hi"}']


def test_splits_are_named_in_any_case() -> None:
    sheet = b"input,expected,split\na,x,Test\nb,x,VAL\nc,x, train\n"
    assert [item.split for item in read_items(sheet, content_type="text/csv").items] == ["test", "validation", "train"]


def test_a_file_that_cannot_be_read_says_where_and_what_to_do() -> None:
    with pytest.raises(BadRequest, match=r"Line 3: the file is not UTF-8\. Sheets save it so as “CSV UTF-8”"):
        read_items("input,expected\na,x\nä,y\n".encode("latin-1"), content_type="text/csv")
    with pytest.raises(BadRequest, match=r"Line 3: .* a cell has more than 262,144 characters"):
        read_items(b"input,expected\na,x\n" + b"a" * 300_000 + b",y\n", content_type="text/csv")
    line = '{"input": "ä", "expected": "x"}\n'
    for encoding in ("latin-1", "utf-16-le"):
        with pytest.raises(BadRequest, match=r"Line 1: the file is not UTF-8\. An editor saves it so under “Encoding”\.") as told:
            read_items(line.encode(encoding), content_type="application/x-ndjson")
        assert not told.value.details, "not once more for each line"
    assert read_items(b"\xef\xbb\xbf" + line.encode(), content_type="application/x-ndjson").items[0].input == "ä"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(("kind", "file"), [
    ("text/csv", "input\texpected\r\nä €\tx\r\n🦉\ty\r\n"),
    ("application/x-ndjson", '{"input": "ä €", "expected": "x"}\r\n{"input": "🦉", "expected": "y"}\r\n'),
])  # fmt: skip
def test_a_file_is_read_as_the_mark_before_it_says(encoding: str, kind: str, file: str) -> None:
    """As Excel saves “Unicode text”, and PowerShell whatever it writes."""
    read = read_items(file.encode(encoding), content_type=kind)
    assert [(item.input, item.expected) for item in read.items] == [("ä €", "x"), ("🦉", "y")]
    assert [column.name for column in read_preview(file.encode(encoding), content_type=kind, mapping={}).columns] == ["input", "expected"]


def test_a_file_that_is_not_what_its_mark_says_is_refused_with_where_and_what_to_do() -> None:
    for kind in ("text/csv", "application/x-ndjson"):
        for raw in (b"\xff\xfeinput,expected\n", b"\xff\xfe" + "a".encode("utf-16-le") + b"\x00\xd8"):
            with pytest.raises(BadRequest, match=r"The file begins as UTF-16 does, and is not so at byte \d+\. Save it as UTF-8\."):
                read_items(raw, content_type=kind)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b'\n[{"input": "a", "expected": "x"}]', "The file is a JSON array"),
        (b'{\n "input": "a",\n "expected": "x"\n}', "on several lines"),
        (b'{"input": "a",\n "expected": "x"}\n', "on several lines"),
        (b'{"input": {\n"n": 1},\n "expected": "x"}', "on several lines"),
    ],
)
def test_json_that_is_no_jsonl_is_told_once(file: bytes, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        read_items(file, content_type="application/x-ndjson")


def test_where_every_line_is_at_fault_the_lines_are_named_and_not_the_header() -> None:
    with pytest.raises(InvalidField, match=r"Line 2: more fields than the header has columns\. 1 more line has problems") as told:
        read_items(b"input,expected\na,b,c\nd\n", content_type="text/csv")
    assert [one["line"] for one in (told.value.details or {})["problems"]] == [2, 3]
    shown = read_preview(b"input,expected\na,b,c\nd\n", content_type="text/csv", mapping={})
    assert [one.name for one in shown.columns] == ["input", "expected"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_of_several_lines_is_named_by_its_first(end: str) -> None:
    sheet = end.join(["input,expected", "a,x", '"b', 'and more",y', '"c', '2",', "d,z,w", ""]).encode()
    shown = read_preview(sheet, content_type="text/csv", mapping={})
    assert [(row.line, row.input) for row in shown.rows][:2] == [(2, "a"), (3, f"b{end}and more")]
    assert [one.line for one in shown.problems] == [5, 7] and shown.blank == [5]
    with pytest.raises(BadRequest, match=r"Line 3: .* a quotation mark is opened here, or further down, and never closed"):
        read_items(end.join(["input,expected", "a,x", '"b,y', "c,z"]).encode(), content_type="text/csv")


def test_an_upload_names_every_line_at_fault_and_saves_none() -> None:
    mapping = parse_mapping(["Question=input", "Ideal Answer=expected", "Set=split"])
    with pytest.raises(InvalidField, match=r"Line 4: .* 1 more line has problems; nothing was saved") as told:
        read_items(SHEET, content_type="text/csv", mapping=mapping)
    assert [one["line"] for one in (told.value.details or {})["problems"]] == [4, 5]


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        (
            "question,answer",
            {},
            r"No line has input or expected; .* question, answer\. .*\?map=question=input&map=answer=expected",
        ),
        ("Frage,expected", {}, r"No line has input; .*\?map=COLUMN=input"),
        ("a,b", {"a": "inputs.q"}, r"No line has expected; .*\?map=a=inputs.q&map=COLUMN=expected"),
        ("My question,b", {"b": "expected"}, r"map=COLUMN=input"),
        ("inputs.city,inputs.days", {}, r"\?map=inputs.city=inputs.city&map=inputs.days=inputs.days&map=COLUMN=expected"),
        ("User message,b", {"b": "expected"}, r"map=User%20message=input"),
    ],
)
def test_a_file_without_the_columns_of_an_item_says_so_once(header: str, mapping: dict[str, str], said: str) -> None:
    """And names those that it has, with what they probably are."""
    with pytest.raises(InvalidField, match=said) as told:
        read_items(f"{header}\nx,y\nz,w\n".encode(), content_type="text/csv", mapping=mapping)
    assert told.value.param == "map" and not told.value.details


BLANKS = b"input,expected,split\na,x,train\nb,,train\nc,  ,test\nd,y,nowhere\n"


def test_lines_that_expect_nothing_are_named_and_refused_or_left_out_but_never_saved() -> None:
    shown = read_preview(BLANKS, content_type="text/csv", mapping={})
    assert shown.blank == [3, 4] and [one.line for one in shown.problems] == [3, 4, 5] and shown.items == 1
    with pytest.raises(InvalidField, match="Line 3: expected: nothing is expected") as told:
        read_items(BLANKS, content_type="text/csv")
    assert [one["line"] for one in (told.value.details or {})["problems"]] == [3, 4, 5]
    with pytest.raises(InvalidField, match="Line 5: split"):
        read_items(BLANKS, content_type="text/csv", blank="leave_out")
    read = read_items(BLANKS.replace(b"nowhere", b"test"), content_type="text/csv", blank="leave_out")
    assert [one.input for one in read.items] == ["a", "d"] and read.left_out == [3, 4]
    lines = b'{"input": "a"}\n{"input": "b", "expected": null}\n{"input": "c", "expected": 0}\n'
    read = read_items(lines, content_type="application/x-ndjson", blank="leave_out")
    assert [one.expected for one in read.items] == ["0"] and read.left_out == [1, 2]
    kept = read_items(BLANKS.replace(b"nowhere", b"test"), content_type="text/csv", blank="keep")
    assert [one.expected is None for one in kept.items].count(True) == 2 and kept.left_out == []
    shown = read_preview(BLANKS, content_type="text/csv", mapping={}, blank="keep")
    assert (shown.blank, [one.line for one in shown.problems], shown.items) == ([3, 4], [5], 3)
    with pytest.raises(BadRequest, match="nothing is expected") as refused:
        read_items(b'{"items": [{"input": "a", "expected": "b"}, {"input": "c", "expected": " "}]}', content_type="application/json")
    assert refused.value.param == "items[1].expected"


def test_json_that_is_sent_as_a_form_is_refused_for_its_kind_and_not_for_a_name() -> None:
    """As curl sends it where nobody names a type."""
    with pytest.raises(InvalidBody, match=r"Send application/json, .* not application/x-www-form-urlencoded") as told:
        read_dataset(b'{"name": "d", "items": []}', content_type="application/x-www-form-urlencoded", name=None)
    assert told.value.param == "content-type"


def test_several_columns_make_the_variables_of_an_input() -> None:
    rows = [
        {"inputs.city": "Bern", "inputs.days": 3, "output": 7, "metadata": {"n": 1}},
        {"inputs.city": "Rome", "inputs.days": 2, "output": True},
    ]
    shown = read_preview("\n".join(map(json.dumps, rows)).encode(), content_type="application/x-ndjson", mapping={})
    assert [one.input for one in shown.rows] == [{"city": "Bern", "days": 3}, {"city": "Rome", "days": 2}]
    assert [one.expected for one in shown.rows] == ["7", "true"] and shown.rows[0].metadata == {"n": 1}


def test_the_surest_name_wins_and_the_others_are_kept() -> None:
    assert guessed(["text", "question", "label", "answer", "Session ID"]) == {
        "text": "metadata.text", "question": "input", "label": "expected", "answer": "metadata.answer", "Session ID": "group",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        (["a"], "column=target"),
        (["a=nothing"], "no target"),
        (["a=expected", "b=expected"], "both"),
        (["a=input", "b=inputs.x"], "not both"),
        (["=input"], "column=target"),
        (["a=input", "a=expected", "b=expected"], "'a' is mapped twice, to input and expected"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(pairs: list[str], why: str) -> None:
    with pytest.raises(InvalidField, match=why):
        parse_mapping(pairs)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(BadRequest, match="no column 'Frage'"):
        read_preview(SHEET, content_type="text/csv", mapping={"Frage": "input"})
    with pytest.raises(BadRequest, match="no column 'Frage'; the columns are Question, ") as refused:
        read_items(SHEET, content_type="text/csv", mapping={"Frage": "input"})
    assert refused.value.param == "map"


def test_a_column_may_hold_an_equals_sign() -> None:
    assert parse_mapping(["a=b=expected"]) == {"a=b": "expected"}


def test_a_header_that_names_a_column_twice_is_refused() -> None:
    with pytest.raises(BadRequest, match="twice"):
        read_items(b"input,expected,input\na,b,c\n", content_type="text/csv")


@pytest.mark.parametrize("mark", [",", ";"])
def test_blanks_behind_the_delimiters_of_a_header_are_no_part_of_names_and_cells(mark: str) -> None:
    sheet = "\n".join(f"{mark} ".join(cells) for cells in (["input ", "expected"], ['"where, or when?"', '"a; b, c"'], ["two", " x"]))
    items = read_items(sheet.encode(), content_type="text/csv").items
    assert [(item.input, item.expected) for item in items] == [("where, or when?", "a; b, c"), ("two", "x")]


def test_where_a_header_has_no_blanks_those_of_cells_are_kept() -> None:
    assert [item.input for item in read_items(b"expected,input\nx, spaced\n", content_type="text/csv").items] == [" spaced"]


@pytest.mark.parametrize("line", ["sep=;\r\n", "\ufeffsep=;\n", '"sep=;"\n', "SEP=;;;\n"])
def test_the_line_of_a_sheet_that_names_the_delimiter_is_no_header(line: str) -> None:
    shown = read_preview(f"{line}input;expected\na, b;c\n;d\n".encode(), content_type="text/csv", mapping={})
    assert (shown.rows[0].input, shown.rows[0].expected) == ("a, b", "c")
    assert [one.line for one in shown.problems] == [4]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_sheet_of_a_country_with_a_decimal_comma_is_read(mark: str) -> None:
    """Excel writes semicolons there; cells that were copied come with tabs."""
    sheet = "\n".join(mark.join(cells) for cells in (["input", "expected", '"price, EUR"'], ["how much, please", "fees", "1,50"]))
    shown = read_preview(sheet.encode(), content_type="text/csv", mapping={})
    assert {one.name: one.target for one in shown.columns} == {
        "input": "input",
        "expected": "expected",
        "price, EUR": "metadata.price, EUR",
    }
    (row,) = shown.rows
    assert (row.input, row.expected, row.metadata) == ("how much, please", "fees", {"price, EUR": "1,50"})


def test_empty_columns_without_a_name_are_passed_over_and_filled_ones_are_named() -> None:
    read = read_items(b"input,,expected,,\na,,x,,\nb, ,y,,\n", content_type="text/csv")
    assert [(item.input, item.expected, item.metadata) for item in read.items] == [("a", "x", {}), ("b", "y", {})]
    with pytest.raises(InvalidField, match="Line 3: column 2 has no name in the header; give it one, or take the column away"):
        read_items(b"input,,expected\na,,x\nb,lost,y\n", content_type="text/csv")


@pytest.mark.parametrize("beginning", ["\n", "  \r\n\r\n", "\r", ",,\n", " ; \n\t\n"])
def test_the_header_is_the_first_line_that_says_something(beginning: str) -> None:
    above = len(beginning.splitlines())
    shown = read_preview(f"{beginning}input,expected\na,x\nb,y,z\n".encode(), content_type="text/csv", mapping={})
    assert [(row.line, row.input, row.expected) for row in shown.rows] == [(above + 2, "a", "x")]
    assert [(one.line, one.message) for one in shown.problems] == [(above + 3, "more fields than the header has columns.")]
    with pytest.raises(InvalidBody, match=f"Line {above + 3}: the file is not valid CSV"):
        read_items(f'{beginning}input,expected\na,x\n"b,y\n'.encode(), content_type="text/csv")


def test_a_file_may_have_no_column_of_right_answers_where_that_is_said() -> None:
    sheet = b"ticket,channel\nWhere is it?,mail\nI want to leave.,chat\n"
    with pytest.raises(InvalidField, match="keep_blank=true") as refused:
        read_items(sheet, content_type="text/csv", mapping={"ticket": "input"})
    assert refused.value.param == "map"
    read = read_items(sheet, content_type="text/csv", mapping={"ticket": "input"}, blank="keep")
    assert [(one.input, one.expected) for one in read.items] == [("Where is it?", None), ("I want to leave.", None)]
    with pytest.raises(InvalidField, match="No line has input"):
        read_items(sheet, content_type="text/csv", blank="keep")


def test_an_item_that_gets_no_right_answer_is_no_other_than_one_without() -> None:
    lines = b'{"input": "a"}\n{"input": "a", "expected": null}\n{"input": "a", "expected": "x"}\n'
    shown = read_preview(lines, content_type="application/x-ndjson", mapping={}, blank="keep")
    assert (shown.items, shown.duplicates, shown.contradictions) == (1, 2, [3])


@pytest.mark.parametrize(
    ("header", "rows"),
    [(",".join(f"c{number}" for number in range(60_000)), 1), ("input,expected" + "," * 200_000, 5_000)],
    ids=["named", "without names"],
)
def test_a_header_of_very_many_columns_is_read_in_no_time(header: str, rows: int) -> None:
    """Not in the square of them, nor once more for each line that has few cells."""
    began = time.process_time()
    lines = lines_of(f"{header}\n".encode() + b"a,b\n" * rows, content_type="text/csv")
    assert len(lines) == rows and all(list((one.row or {}).values()) == ["a", "b"] for one in lines)
    assert time.process_time() - began < 5
