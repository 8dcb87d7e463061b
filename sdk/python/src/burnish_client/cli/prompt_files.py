"""A prompt as a file that people read and Git compares. Pure: text in, text out.

The file is YAML, named after the slug. What is read from it is what was written, byte for byte, whatever a text holds. Read are the
words that JSON knows too (`true`, `null`, numbers): a date or `yes` is a text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

FACTS: Final[dict[str, Any]] = {
    "name": None,
    "description": "",
    "use_case": "",
    "folder": "",
    "tags": [],
    "categories": [],
    "app_contexts": [],
    "visibility": "private",
    "rules": [],
    "locked_blocks": [],
}
"""What of a prompt is not versioned, with what holds where a file says nothing. The name is the slug then."""

CONTENT: Final = (
    "model",
    "provider",
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "seed",
    "reasoning_effort",
    "n",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "messages",
    "template",
    "variants",
    "parameters",
    "input_validators",
    "output_format",
    "response_format",
    "json_schema",
    "output_validators",
    "repair_output",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "examples",
    "timeout_s",
    "retry_policy",
    "fallback_models",
    "fallback_cheaper",
    "fallback_version",
    "requirements",
    "cache",
    "cacheable_messages",
    "test_cases",
    "success_criteria",
    "quality_threshold",
    "features",
    "extra",
    "config",
)
"""What a version says, in the order in which a file tells it. `template` is read, and written as the message that it is."""

SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
INCLUDED: Final = re.compile(r"\{\{>\s*([a-z0-9][a-z0-9_-]{0,62})")
UNREADABLE_IN_BLOCKS: Final = re.compile("[\r\x85\u2028\u2029\ufeff]")


class FileFault(ValueError):
    """A file that is no prompt, with the reason in words."""


@dataclass(frozen=True)
class PromptFile:
    """`facts`: without what is as usual; `content`: without what is not given, in the order of CONTENT."""

    slug: str
    facts: Mapping[str, Any]
    content: Mapping[str, Any]

    @property
    def content_hash(self) -> str:
        return hash_of(self.content)

    @property
    def facts_hash(self) -> str:
        return hash_of(self.facts)

    def all_facts(self) -> dict[str, Any]:
        """Every fact, said or not: what to ask a server for."""
        return {name: self.facts.get(name, self.slug if name == "name" else usual) for name, usual in FACTS.items()}

    def all_content(self) -> dict[str, Any]:
        """Every setting, null where the file has none: saved over any version it gives exactly this content."""
        return {name: self.content.get(name) for name in CONTENT if name != "template"}

    def included(self) -> set[str]:
        """Slugs of the prompts that it includes."""
        return set(INCLUDED.findall(json.dumps([self.content.get("messages"), self.content.get("variants")])))


def checked_slug(slug: str) -> str:
    """The slug, which becomes the name of a file: a path of somebody's making is none. Raises FileFault."""
    if not SLUG.fullmatch(slug):
        raise FileFault(f"'{slug}' is no slug: use small letters, digits, - and _, at most 63.")
    return slug


def file_of(answer: Mapping[str, Any], *, slug: str) -> PromptFile:
    """From an answer of `GET /v1/prompts/{slug}`, or the content of a merge that was offered (without facts)."""
    facts = {name: answer[name] for name, usual in FACTS.items() if name in answer and answer[name] != usual}
    if facts.get("name") == slug:
        del facts["name"]
    return PromptFile(slug, facts, {name: _plain(answer[name]) for name in CONTENT if answer.get(name) is not None})


def read_file(text: str, *, slug: str) -> PromptFile:
    """Raises FileFault for what is no YAML, no prompt, or holds a field that prompts do not have."""
    checked_slug(slug)
    try:
        said = yaml.load(text, Loader=_Loader)  # noqa: S506 a SafeLoader with fewer words
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a number that is none, or has thousands of digits
        raise FileFault(f"This is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(said, dict):
        raise FileFault("A prompt is a list of fields, such as `model: simulated/chat`.")
    if unknown := [str(name) for name in said if name not in FACTS and name not in CONTENT]:
        raise FileFault(f"Prompts have no field {', '.join(repr(one) for one in unknown)}.")
    said = {name: value for name, value in said.items() if value is not None}
    if isinstance(template := said.pop("template", None), str) and "messages" not in said:
        said["messages"] = [{"role": "user", "content": template}]
    if not isinstance(said.get("messages"), list) or not isinstance(said.get("model"), str):
        raise FileFault("A prompt needs `messages` (or `template`) and `model`.")
    return file_of(said, slug=slug)


def written(prompt: PromptFile) -> str:
    """The text of the file. `read_file` of it gives `prompt`."""
    return yaml.dump(dict(prompt.facts) | dict(prompt.content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def hash_of(part: Mapping[str, Any]) -> str:
    """The same for the same values. The order of keys inside a value counts."""
    return hashlib.sha256(json.dumps(part, ensure_ascii=True).encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    """1.0 as 1, which is the same number: the server says the one where a file says the other."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


class _Loader(yaml.SafeLoader):
    """Knows null, true, false and decimal numbers. Everything else without quotes is a text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 as PyYAML has it


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?$"), list("-+0123456789"))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    """Refuses a field that stands there twice: one of them would silently be lost."""
    loader.flatten_mapping(node)
    pairs = [(loader.construct_object(key, deep=True), loader.construct_object(value, deep=True)) for key, value in node.value]
    names = [name if isinstance(name, str) else json.dumps(name) for name, _ in pairs]
    if twice := {name for name in names if names.count(name) > 1}:
        raise yaml.constructor.ConstructorError(None, None, f"{', '.join(sorted(twice))} stands there twice", node.start_mark)
    return dict(zip(names, (value for _, value in pairs), strict=True))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, wherever that keeps them as they are."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    if UNREADABLE_IN_BLOCKS.search(value):
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
