"""The text of a page by the charset that it names, which is whatever its author likes."""

import pytest

from burnish_gateway.enrichments.read_url import decoded

pytestmark = pytest.mark.capability("E17")


@pytest.mark.parametrize(
    ("charset", "text"), [("ISO-8859-1", "Größe"), ("windows-1252", "5 €"), ("shift_jis", "小包"), ("utf-16", "小包 Größe"), ("UTF8", "€")]
)
def test_a_page_is_read_by_its_charset(charset: str, text: str) -> None:
    assert decoded(text.encode(charset), charset) == text


@pytest.mark.parametrize(
    "charset",
    ["punycode", "idna", "undefined", "unicode_escape", "raw-unicode-escape", "base64", "rot13", "nonsense", "a\0b", "..", "x" * 10_000],
)
def test_what_is_no_charset_of_pages_means_nothing(charset: str) -> None:
    """Among them one that reads for an hour, in which the gateway does nothing else, and one that refuses everything."""
    page = "abc-9a \\u00e4 größer"
    assert decoded(page.encode(), charset) == page
