"""What `burnish import --format promptfoo` puts into a configuration, and what it leaves alone."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from burnish_client.cli.given import BadGiven
from burnish_client.cli.promptfoo_files import with_files

pytestmark = pytest.mark.capability("P10")


def taken(folder: Path, config: str, **files: str) -> Any:
    """The configuration with its files, and beside them those of `files`, whose `__` are a dot and whose `_in_` a folder."""
    for name, text in files.items():
        path = folder / name.replace("_in_", "/").replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return yaml.safe_load(with_files(config.encode(), folder))


def test_a_configuration_without_files_goes_as_it_was(tmp_path: Path) -> None:
    for content in (b"# mine\nprompts: ['Say {{x}}: see a.txt, b']\n", b"prompts: [", b"- a list", b"", b"prompts: [file://make.py:run]\n"):
        assert with_files(content, tmp_path) == content


def test_labels_of_the_configuration_win_over_names_of_files(tmp_path: Path) -> None:
    config = "prompts: [{id: file://two.txt, label: Desk}, {raw: 'file://one.md', label: Mine}, {id: file://s.csv}]\n"
    told = taken(tmp_path, config, two__txt="A\n---\nB\n", one__md="# C\n", s__csv='prompt,label\n"D, {{x}}",French\nE,\n')
    assert told["prompts"] == [
        {"label": "Desk 1", "raw": "A"}, {"label": "Desk 2", "raw": "B"}, {"label": "Mine", "raw": "# C"},
        {"label": "French", "raw": "D, {{x}}"}, {"label": "s", "raw": "E"},
    ]  # fmt: skip
    assert taken(tmp_path, "prompts: {one.md: Named}\n")["prompts"] == [{"label": "Named", "raw": "# C"}]


def test_variables_and_right_answers_of_files_are_what_they_hold(tmp_path: Path) -> None:
    config = (
        "prompts: ['{{a}}']\ndefaultTest: file://usual.yaml\ntests:\n"
        "  - {vars: [file://v1.yaml, file://v2.json], assert: [{type: equals, value: file://right.txt}]}\n"
        "  - {vars: {a: [file://right.txt, plain], image: file://x.png, far: 'https://example.com/a.txt'}, assert: []}\n"
    )
    files = {"usual__yaml": "vars: {tone: kind}\n", "v1__yaml": "a: 1\nb: [x]\n", "v2__json": '{"a": 2}', "right__txt": "billing\n"}
    told = taken(tmp_path, config, **files)
    assert told["defaultTest"] == {"vars": {"tone": "kind"}}
    first, second = told["tests"]
    assert first == {"vars": {"a": 2, "b": ["x"]}, "assert": [{"type": "equals", "value": "billing"}]}
    assert second["vars"] == {"a": ["billing", "plain"], "image": "file://x.png", "far": "https://example.com/a.txt"}


@pytest.mark.parametrize(
    ("cell", "means"),
    [
        ("Paris", {"type": "equals", "value": "Paris"}),
        ("Note: this", {"type": "equals", "value": "Note: this"}),
        ("not-contains: a, b", {"type": "not-contains", "value": "a, b"}),
        ("contains-any: a,b", {"type": "contains-any", "value": ["a", "b"]}),
        ("similar(0.8):Hello", {"type": "similar", "value": "Hello", "threshold": 0.8}),
    ],
)
def test_a_cell_of_a_sheet_means_what_promptfoo_reads(tmp_path: Path, cell: str, means: dict[str, Any]) -> None:
    sheet = f'q,__expected1,__description,__metadata:tags[],__prefix\n"a\nb","{cell}",why,"x,y",P\n'
    [test] = taken(tmp_path, "prompts: ['{{q}}']\ntests: file://t.csv\n", t__csv=sheet)["tests"]
    assert test == {"vars": {"q": "a\nb"}, "assert": [means], "description": "why", "metadata": {"tags": ["x", "y"]}}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("prompts: [file://none.txt]", "none.txt cannot be read"),
        ("prompts: ['file://none/*.txt']", "0 files are called"),
        ("prompts: [a]\ntests: file://bad.json", "bad.json is no JSON"),
        ("prompts: [a]\ntests: file://bad.csv", "bad.csv is no CSV"),
        ("prompts: [a]\ntests: file://text.md", "holds no list of tests"),
        ("prompts: [file://latin.txt]", "no text in UTF-8"),
        ("prompts: ['file:///**/*.txt']", "no pattern of files"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, config: str, says: str) -> None:
    (tmp_path / "latin.txt").write_bytes(b"\xe4")
    with pytest.raises(BadGiven, match=says):
        taken(tmp_path, config, bad__json="{", bad__csv='a\n"b', text__md="hi")


def test_a_value_of_aliases_grows_nowhere(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    made = with_files(f"prompts: [file://one.txt]\n{bomb}".encode(), _with(tmp_path, "one.txt"))
    assert len(made) < 5_000


def _with(folder: Path, name: str) -> Path:
    (folder / name).write_text("One")
    return folder
