"""What a PDF costs in tokens, from above: for holds. Pure.

Who reads one is shown each page as a picture, and is given its text besides:
- Anthropic: 1,500 to 3,000 tokens of text a page, and what a picture of the page costs; 100 pages a call at most where the context is
  200,000 tokens (https://platform.claude.com/docs/en/build-with-claude/pdf-support).
- OpenAI: the extracted text and a picture of each page (https://developers.openai.com/api/docs/guides/file-inputs).
- Google: 258 tokens a page; from Gemini 3 what `media_resolution` says, 1,120 at most, and the text is not billed
  (https://ai.google.dev/gemini-api/docs/document-processing).
No guide says how large OpenAI's picture of a page is: A4 at 200 dots an inch stands here. Where a guide leaves the text open, it is
Anthropic's most.
"""

import re
from typing import Final

from burnish_shared.image_tokens import tokens_in_image

TEXT_OF_PAGE: Final = 3000
PAGE: Final = (1654, 2339)

PAGES_UNKNOWN: Final = 100
"""Of a document behind an address, or one that says nothing of its pages."""

ALWAYS: Final = ((re.compile(r"gemini-[12]"), 258), (re.compile(r"gemini"), 1120))
"""Tokens a page of models that count no text."""


def tokens_in_pdf(pages: int | None, *, model: str = "") -> int:
    """An estimate from above. `pages` None: not known. `model`: as its provider calls it, empty where it is open."""
    return (PAGES_UNKNOWN if pages is None else max(1, pages)) * tokens_of_page(model)


def tokens_of_page(model: str) -> int:
    always = next((tokens for pattern, tokens in ALWAYS if pattern.search(model.lower())), None)
    return TEXT_OF_PAGE + tokens_in_image(PAGE, model=model) if always is None else always
