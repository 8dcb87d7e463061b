"""What people give on a command line and in burnish.yaml: what cannot be used is refused in words, with the file and the line."""

import csv
import json
import re
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from burnish_client.cli.given import BadGiven, items_of, mapping_of, variables_of
from burnish_client.cli.prompt_files import FileFault, read_file
from burnish_client.gate.config import BadConfig, read_config

pytestmark = pytest.mark.capability("K1")

TOO_DEEP = "[" * 100_000


@pytest.mark.parametrize("metadata", ["a text", 5, ["a list"]])
def test_metadata_of_an_item_is_an_object(tmp_path: Path, metadata: Any) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps({"input": "a", "expected": "b", "metadata": metadata}))
    with pytest.raises(BadGiven, match=r"items.jsonl, line 1: `metadata` is an object"):
        list(items_of(path))


def test_a_cell_may_hold_a_whole_document(tmp_path: Path) -> None:
    path, document = tmp_path / "items.csv", "word " * 60_000
    path.write_text(f"input,expected\n{document},b\n")
    before = csv.field_size_limit(131_072)  # that of others in the same process
    try:
        assert list(items_of(path)) == [{"input": document, "expected": "b"}]
        assert csv.field_size_limit() == 131_072
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_a_cell_end_as_they_do_in_the_file(tmp_path: Path, end: str) -> None:
    """What a model is asked and measured by is what the file says: the server, which reads uploads of the page, keeps it too."""
    path = tmp_path / "items.csv"
    path.write_bytes(f'{end}, ,{end}input;expected{end}"one\r\ntwo\nthree";b{end}c;{end}'.encode())
    read = items_of(path)
    assert next(read) == {"input": "one\r\ntwo\nthree", "expected": "b"}
    with pytest.raises(BadGiven, match="line 7: `expected` is empty"):
        next(read)
    path = tmp_path / "items.jsonl"
    path.write_bytes(end.join(['{"input": "a", "expected": "b"}', "", '{"input": "c", "expected": "d"}', ""]).encode())
    assert [one["input"] for one in items_of(path)] == ["a", "c"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    ("name", "text"), [("items.csv", "input\texpected\r\nä 🦉\tx\r\n"), ("items.jsonl", '{"input": "ä 🦉", "expected": "x"}\r\n')]
)
def test_a_file_is_read_as_the_mark_before_it_says(tmp_path: Path, encoding: str, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    assert list(items_of(path)) == [{"input": "ä 🦉", "expected": "x"}]


@pytest.mark.parametrize("name", ["items.txt", "items.tsv", "ITEMS.TXT"])
def test_a_sheet_is_one_by_what_it_holds_as_excel_names_its_unicode_text(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes("input\texpected\r\nä 🦉\tx\r\n".encode("utf-16"))
    assert list(items_of(path)) == [{"input": "ä 🦉", "expected": "x"}]
    path.write_text('\n{"input": "a", "expected": "b"}\n')
    assert list(items_of(path)) == [{"input": "a", "expected": "b"}]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("ä,b\n".encode("latin-1"), "it is not UTF-8, at byte 1; save it as UTF-8"),
        ("input,expected\nä,b\n".encode("utf-16-le"), "it is not UTF-8, at byte 31; save it as UTF-8"),
        ("input,expected\nä,b\n".encode("utf-16")[:-1], "its beginning says UTF-16, and it is none at byte 39; save it as UTF-8"),
    ],
)
def test_an_encoding_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path, raw: bytes, says: str) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes(raw)
    with pytest.raises(BadGiven, match=re.escape(f"items.csv cannot be read: {says}")):
        list(items_of(path))


def test_blanks_behind_the_delimiters_are_no_part_of_names_and_cells(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text('input, expected, split\nhi, "a, b", train\n')
    assert list(items_of(path)) == [{"input": "hi", "expected": "a, b", "split": "train"}]
    path.write_text("input ,expected\nhi, a\n")
    assert list(items_of(path)) == [{"input": "hi", "expected": " a"}], "the header has none behind them, so that of the cell is its own"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_of_other_names_are_said(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("\n".join(line.replace("|", mark) for line in ('"Frage, kurz"|Antwort|Thema|Notiz', "Wie?|So.|Geld|x")))
    mapping = mapping_of(["Frage, kurz=inputs.question", "Antwort=expected", "Thema=metadata.category", "Notiz=-"])
    wanted = {"input": {"question": "Wie?"}, "expected": "So.", "metadata": {"category": "Geld"}}
    assert list(items_of(path, mapping=mapping)) == [wanted]
    with pytest.raises(BadGiven, match=r"line 2: .* no input and no expected, but Frage, kurz, Antwort, Thema, Notiz\."):
        list(items_of(path))
    with pytest.raises(BadGiven, match="has a column 'Fragen'"):
        list(items_of(path, mapping={**mapping, "Fragen": "group"}))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("items.csv", 'input,expected\n\n"two\nlines",a\n,b\n', "line 5: `input` is empty"),
        ("items.csv", "sep=;\ninput;expected\na, b;c\n;d\n", "line 4: `input` is empty"),
        ("items.csv", "input,expected\nhello\n", "line 2: an item has `input` and `expected`. This has no expected"),
        ("items.jsonl", '{"input": "a", "expected": null}\n', "line 1: `expected` is empty"),
    ],
)
def test_what_an_item_lacks_is_told_by_the_line_of_the_file(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadGiven, match=said):
        list(items_of(tmp_path / name))


@pytest.mark.parametrize(
    ("pairs", "item"),
    [
        (["a=input", "b=expected", "c=metadata.input"], {"input": "1", "expected": "2", "metadata": {"input": "3"}}),
        (["a=input", "b=expected", "c=tags"], {"input": "1", "expected": "2", "metadata": {"tags": ["3"]}}),
        (["a=inputs.x", "b=expected", "c=inputs.y"], {"input": {"x": "1", "y": "3"}, "expected": "2"}),
        (["a=input", "b=expected", "c=inputs.y"], "both `input` and `inputs.NAME`"),
        (["a=expected", "b=input"], "two columns are `expected`"),
    ],
)
def test_a_column_is_what_it_is_said_to_be_and_no_other_is(tmp_path: Path, pairs: list[str], item: Any) -> None:
    path = tmp_path / "items.csv"
    path.write_text("a,b,expected\n1,2,3\n" if isinstance(item, str) and "two" in item else "a,b,c\n1,2,3\n")
    if isinstance(item, str):
        with pytest.raises(BadGiven, match=f"line 2: .*{item}"):
            list(items_of(path, mapping=mapping_of(pairs)))
    else:
        assert list(items_of(path, mapping=mapping_of(pairs))) == [item]


def test_a_line_of_json_keeps_what_only_looks_like_a_variable(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"input": "a", "expected": "b", "inputs.city": "Rome"}')
    assert list(items_of(path)) == [{"input": "a", "expected": "b", "metadata": {"inputs.city": "Rome"}}]


@pytest.mark.parametrize(
    "pairs", [["Frage"], ["a=spilt"], ["a=metadata."], ["=input"], ["a="], ["a=input", "b=input"], ["a=input", "a=group"]]
)
def test_a_mapping_that_says_nothing_or_two_things_is_refused(pairs: list[str]) -> None:
    with pytest.raises(BadGiven, match="--map"):
        mapping_of(pairs)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", TOO_DEEP.encode()])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "items.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadGiven, match=r"items\.jsonl"):
        list(items_of(path))


def test_a_variable_from_a_file_or_from_standard_input_is_its_text_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "first\r\nsecond\rthird\nfourth \u00e9\r\n"
    (tmp_path / "mail.txt").write_bytes(text.encode())
    (tmp_path / "marked.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    given = [f"mail=@{tmp_path}/mail.txt", f"marked=@{tmp_path}/marked.txt", "said=@-"]
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(text.encode()), encoding="latin-1"))
    assert variables_of(given, None) == {"mail": text, "marked": text, "said": text}


def test_what_is_no_text_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadGiven, match="cannot be read"):
        variables_of([f"a=@{tmp_path}/a.bin"], None)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"\xff\xfe\x00"), encoding="utf-8"))
    with pytest.raises(BadGiven, match="standard input cannot be read: its beginning says UTF-16, and it is none at byte 3;"):
        variables_of([], "-")


def test_variables_that_cannot_be_had_are_told_once_and_by_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadGiven, match=r"^\S+none\.json cannot be read: "):
        variables_of([], str(tmp_path / "none.json"))
    for given, said in ((b"{bad", "Standard input is no JSON: "), (b"[1]", "Standard input must hold an object")):
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(given), encoding="utf-8"))
        with pytest.raises(BadGiven, match=f"^{said}"):
            variables_of([], "-")


def test_what_is_nested_too_deep_is_refused_as_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "vars.json").write_text(TOO_DEEP)
    with pytest.raises(BadGiven, match="nested too deep"):
        variables_of([], str(tmp_path / "vars.json"))
    with pytest.raises(BadGiven, match="items: this is no JSON"):
        variables_of([f"items:={TOO_DEEP}"], None)
    with pytest.raises(FileFault, match="This is no YAML"):
        read_file(f"model: m\nmessages: {TOO_DEEP[:5_000]}", slug="p")


@pytest.mark.parametrize("content", [f"tests: {TOO_DEEP[:5_000]}", "tests: 2026-13-45", "tests: \xff"], ids=["deep", "no date", "no UTF-8"])
def test_a_gate_that_cannot_be_read_is_no_failed_test(tmp_path: Path, content: str) -> None:
    (tmp_path / "burnish.yaml").write_text(content, "latin-1")
    with pytest.raises(BadConfig, match=r"burnish.yaml cannot be read"):
        read_config(tmp_path / "burnish.yaml")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("baseline: true", "`baseline` is a label"), ("baseline: 1.5", "`baseline` is a label"), ("sure: 'no'", "`sure` is true or false"),
        ("min_accuracy: true", "`min_accuracy` is a share"), ("repeats: true", "`repeats` is a number"), ("model: 4", "`model` is a text"),
    ],
)  # fmt: skip
def test_a_word_of_the_wrong_kind_is_refused_and_not_taken_for_something_else(tmp_path: Path, line: str, says: str) -> None:
    """`baseline: true` was the label `True`, which nobody has, so that there was nothing to compare with and the gate let everything by."""
    (tmp_path / "burnish.yaml").write_text(f"tests:\n- prompt: p\n  dataset: d\n  {line}\n")
    with pytest.raises(BadConfig, match=says):
        read_config(tmp_path / "burnish.yaml")


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ('input,expected\n"two\nlines",x\nWell, then,y\n', "line 4: it has more fields than the header has columns"),
        ("input,,expected\na,lost,x\n", "line 2: a column that says something has no name in the header"),
        ("\n,,\ninput,expected,topic\na\n", "line 4: an item has `input` and `expected`. This has no expected"),
        ("input,expected,input\na,x,b\n", "the header names the column 'input' twice"),
        ('input,expected\n"a,x\n', "is no CSV"),
    ],
)
def test_a_sheet_from_which_something_would_be_lost_is_refused(tmp_path: Path, sheet: str, said: str) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text(sheet)
    with pytest.raises(BadGiven, match=said):
        list(items_of(path))


def test_a_sheet_is_read_as_the_server_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("\n ,,\ninput, expected\na, x\n\nb, y\n")
    assert list(items_of(path)) == [{"input": "a", "expected": "x"}, {"input": "b", "expected": "y"}]
