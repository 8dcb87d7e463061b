"""An import of any kind, checked: which reader is for which format."""

import json
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

import re2
import yaml

from burnish_gateway.bundle.foreign import dspy, langfuse, litellm, openai, promptfoo, source, tensorzero
from burnish_gateway.bundle.foreign.draft import Drafts, Lines
from burnish_gateway.bundle.foreign.experiments import experiments_in
from burnish_gateway.bundle.foreign.reactions import reactions_of
from burnish_gateway.bundle.foreign.records import MODELS_MOST, reported_calls
from burnish_gateway.bundle.form import BundleForm
from burnish_gateway.bundle.read_bundle import ReadBundle, check_bundle, read_bundle
from burnish_gateway.marked_text import in_utf8
from burnish_gateway.strict_json import NESTING_MOST, parse_json
from burnish_gateway.wire import parse_model
from burnish_shared.errors import InvalidBody, InvalidField

Format = Literal["bundle", "dspy", "langfuse", "litellm", "openai", "promptfoo", "source", "tensorzero"]

YAML_MOST_BYTES: Final = 1024 * 1024
ALIASES_MOST: Final = 200
"""Anchors of a YAML file that is meant to be read by people; each may stand for a whole part of it."""

PARTS_MOST: Final = 200_000
NUMBER_BITS_MOST: Final = 63

LONG_KEY: Final = re2.compile(r"""(?:(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*)""" + f"{{{NESTING_MOST}}}")
"""The time of Python's reader grows with the square of a key's parts. Also met in a text of so many words with full stops between."""

LINE_MOST_BYTES: Final = 1024 * 1024
"""Looked at to see whether it is an execution; a bundle in one line is longer as a rule, and not read twice."""

EXECUTION: Final = {"source", "id", "model", "finished_at"}
"""Fields of each line of `POST /v1/executions/import`."""

READERS: Final[dict[str, Callable[..., Drafts]]] = {
    "dspy": dspy.read, "langfuse": langfuse.read, "litellm": litellm.read, "openai": openai.read, "promptfoo": promptfoo.read,
    "source": source.read, "tensorzero": tensorzero.read,
}  # fmt: skip

NAMELESS: Final = frozenset({"dspy", "promptfoo"})
"""Whose files need not say what is in them."""

IN_YAML: Final = frozenset({"litellm", "promptfoo"})
"""Whose files are YAML, of which JSON is a part."""

IN_TOML: Final = "tensorzero"
"""Whose files are TOML; the command sends them as JSON."""


def convert(raw: bytes, kind: Format, *, model: str, name: str | None, now: datetime) -> ReadBundle:
    """`model`: of prompts that name none; `name`: of what has none in a file of promptfoo or DSPy. Raises InvalidBody, InvalidField.

    A mark before the file, as editors on Windows write, says whether it is UTF-8 or UTF-16, and is none of its text.
    """
    raw = in_utf8(raw)
    _check_looks_like(raw, kind)
    if name is not None and kind not in NAMELESS:
        raise InvalidField(f"name: names what a file of promptfoo or DSPy does not; the prompts of {kind!r} have names.", param="name")
    if kind != "source":
        _check_no_executions(raw)
    if kind == "bundle":
        return read_bundle(raw, now=now)
    value = _parsed_toml(raw) if kind == IN_TOML else _parsed_yaml(raw) if kind in IN_YAML else _parsed(raw)
    drafts = READERS[kind](value, model=model, **({"name": name} if kind in NAMELESS else {}))
    form = parse_model(BundleForm, json.dumps(drafts.bundle()).encode())
    form = form.model_copy(update={"experiments": experiments_in(drafts)})
    executions = reported_calls(drafts.calls, drafts.names, drafts.ids, now=now, notes=drafts.notes)
    reactions = reactions_of(drafts.rated, now=now, notes=drafts.notes) + (drafts.scored(now, drafts.notes) if drafts.scored else [])
    kept = {(one.source, one.their_id) for one in executions}
    reactions = [one for one in reactions if one.body.imported and (one.body.imported.source, one.body.imported.id) in kept]
    if len(drafts.models) > MODELS_MOST:
        raise InvalidField(f"The file describes {len(drafts.models):,} models; bring in at most {MODELS_MOST} at once.")
    read = check_bundle(form, notes=drafts.notes.listed(), executions=executions, models=drafts.models, reactions=reactions)
    return replace(read, of_keys=drafts.of_keys)


def _check_looks_like(raw: bytes, kind: Format) -> None:
    """Raises InvalidBody for an empty file, and for one that begins as no JSON does where the format is JSON."""
    first = raw.lstrip()[:1]
    if not first:
        raise InvalidBody("The file is empty.")
    if kind not in IN_YAML and kind != IN_TOML and first.isascii() and first not in (b"{", b"[") and first.decode().isprintable():
        yamls = " and ".join(sorted(IN_YAML))
        raise InvalidBody(
            f"The file is no JSON, as those of '{kind}' are; those of {yamls} are YAML, and those of {IN_TOML} are "
            "TOML. Say in 'format' whose file it is."
        )


def _parsed(raw: bytes) -> Any:
    """JSON, or one JSON object a line. Raises InvalidBody, of lines naming the one that is no JSON."""
    try:
        return parse_json(raw)
    except InvalidBody as error:
        lines = [(number, line) for number, line in enumerate(raw.split(b"\n"), start=1) if line.strip()]
        if len(lines) < 2:
            raise
        try:
            parse_json(lines[0][1])
        except InvalidBody:
            raise error from None
        return Lines(tuple((number, _line(number, line)) for number, line in lines))


def _line(number: int, raw: bytes) -> Any:
    try:
        return parse_json(raw)
    except InvalidBody as error:
        raise InvalidBody(error.message.replace("The body", f"Line {number}").replace(": line 1 column", ": column")) from error


def _check_no_executions(raw: bytes) -> None:
    """Raises InvalidBody for what another endpoint takes: one execution a line."""
    first = raw.lstrip().partition(b"\n")[0]
    one: Any = None
    with suppress(InvalidBody):
        one = parse_json(first) if len(first) <= LINE_MOST_BYTES else None
    if isinstance(one, dict) and one.keys() >= EXECUTION:
        raise InvalidBody("The file holds executions made elsewhere, one a line; send it to POST /v1/executions/import.")


def _parsed_yaml(raw: bytes) -> Any:
    """YAML as JSON has it: bounded in size, depth and what aliases make of it; no tags that make objects."""
    if len(raw) > YAML_MOST_BYTES:
        raise InvalidBody(f"A configuration has at most {YAML_MOST_BYTES:,} bytes.")
    try:
        depth = aliases = 0
        for event in yaml.parse(raw, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            aliases += isinstance(event, yaml.AliasEvent)
            if depth > NESTING_MOST or aliases > ALIASES_MOST:
                raise InvalidBody(f"The configuration is nested more than {NESTING_MOST} deep, or has more than {ALIASES_MOST} aliases.")
        value = yaml.load(raw, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidBody(f"The configuration is no valid YAML: {str(error)[:200]}") from error
    return _plain(value, [PARTS_MOST], depth=0)


def _parsed_toml(raw: bytes) -> Any:
    """TOML as JSON has it, or such JSON with files in it: bounded in size and depth."""
    if raw.lstrip().startswith(b"{"):
        return _parsed(raw)
    if len(raw) > YAML_MOST_BYTES:
        raise InvalidBody(f"A configuration has at most {YAML_MOST_BYTES:,} bytes.")
    try:
        text = raw.decode()
        if LONG_KEY.search(text):
            raise InvalidBody(f"A key in the configuration, or what looks like one, has more than {NESTING_MOST} parts.")
        value = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidBody(f"The configuration is no valid TOML: {str(error)[:200]}") from error
    return _plain(value, [PARTS_MOST], depth=0)


def _plain(value: Any, left: list[int], *, depth: int) -> Any:
    """With texts as keys; what JSON does not have (dates) as text. Counts what it makes, for aliases of aliases.

    An alias may stand within what it names: such a value has no end.
    """
    left[0] -= 1
    if left[0] < 0:
        raise InvalidBody(f"The configuration stands for more than {PARTS_MOST:,} parts.")
    if depth > NESTING_MOST:
        raise InvalidBody(f"The configuration stands for something more than {NESTING_MOST} deep, or an alias names what it stands in.")
    if isinstance(value, dict):
        return {str(_scalar(key)): _plain(one, left, depth=depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, left, depth=depth + 1) for one in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    """Python refuses to write an integer of some thousand digits, which hexadecimals reach."""
    if isinstance(value, int) and value.bit_length() > NUMBER_BITS_MOST:
        raise InvalidBody(f"A number in the configuration is beyond {NUMBER_BITS_MOST + 1} bits.")
    return value if isinstance(value, str | int | float | bool | None) else str(value)
