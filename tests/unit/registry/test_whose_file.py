"""A file that is no file of the format that was named says so, and what to name instead."""

from datetime import UTC, datetime

import pytest

from burnish_gateway.bundle.foreign.convert import convert
from burnish_shared.errors import InvalidBody

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["bundle", "dspy", "langfuse", "openai", "source"])
def test_a_configuration_as_yaml_is_no_json_and_is_told_whose_it_may_be(kind: str) -> None:
    with pytest.raises(InvalidBody, match=f"no JSON, as those of '{kind}' are; those of litellm and promptfoo are YAML"):
        convert(b"model_list:\n  - model_name: chat\n", kind, model="auto", name=None, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["bundle", "dspy", "langfuse", "litellm", "openai", "promptfoo", "source"])
@pytest.mark.parametrize("raw", [b"", b" \n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_called_empty(kind: str, raw: bytes) -> None:
    with pytest.raises(InvalidBody, match="The file is empty"):
        convert(raw, kind, model="auto", name=None, now=NOW)  # type: ignore[arg-type]
