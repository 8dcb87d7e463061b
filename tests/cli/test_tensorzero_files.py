"""What `burnish import --format tensorzero` puts into a configuration, and what it refuses to read."""

import json
from pathlib import Path
from typing import Any

import pytest

from burnish_client.cli.given import BadGiven
from burnish_client.cli.tensorzero_files import with_files

pytestmark = pytest.mark.capability("P10")

CONFIG = """
[functions.draft]
type = "json"
output_schema = "schemas/out.json"
schemas.topic.path = "schemas/in.json"
[functions.draft.variants."v1.2"]
model = "openai::gpt-4o-mini"
system_template = "./system.minijinja"
templates.topic.path = "templates/../topic.minijinja"
[tools.find]
parameters = "schemas/in.json"
[metrics.liked]
since = 2026-01-01
"""


def files(folder: Path) -> None:
    (folder / "schemas").mkdir()
    (folder / "templates").mkdir()
    for name, text in {
        "schemas/out.json": "{}",
        "schemas/in.json": "{ }",
        "system.minijinja": "Be brief.\n",
        "topic.minijinja": "{{ x }}",
    }.items():
        (folder / name).write_text(text)


def test_templates_and_schemas_come_along(tmp_path: Path) -> None:
    files(tmp_path)
    told: dict[str, Any] = json.loads(with_files(CONFIG.encode(), tmp_path))
    function = told["functions"]["draft"]
    variant = function["variants"]["v1.2"]
    assert function["output_schema"] == {"path": "schemas/out.json", "text": "{}"}
    assert function["schemas"]["topic"]["path"]["text"] == told["tools"]["find"]["parameters"]["text"] == "{ }"
    assert variant["system_template"]["text"] == "Be brief.\n" and variant["templates"]["topic"]["path"]["text"] == "{{ x }}"
    assert variant["model"] == "openai::gpt-4o-mini"


def test_nothing_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    inside = tmp_path / "config"
    inside.mkdir()
    (tmp_path / "secret").write_text("hidden")
    (inside / "link").symlink_to(tmp_path / "secret")
    for named in ("../secret", str(tmp_path / "secret"), "link", "a/../../secret"):
        with pytest.raises(BadGiven, match="outside"):
            with_files(f"[tools.t]\nparameters = {json.dumps(named)}\n".encode(), inside)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_text("x" * 1_000_001)
    for named, why in (("none", "cannot be read"), ("binary", "UTF-8"), ("large", "larger"), (".", "cannot be read"), ("a\0b", "no path")):
        with pytest.raises(BadGiven, match=why):
            with_files(f"[tools.t]\nparameters = {json.dumps(named)}\n".encode(), tmp_path)


def test_what_is_no_toml_goes_as_it_was(tmp_path: Path) -> None:
    for content in (b"x = [", b"", b"\xff", b'{"functions": {}}'):
        assert with_files(content, tmp_path) in (content, b"{}")
