"""The words of a page of HTML, in one pass: a page that somebody wrote to be slow to read takes no longer than another. Pure."""

import html
import re
from typing import Final

TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*+)(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
"""A whole tag; `>` may stand inside of the quotes of an attribute. It never gives back what it has read."""

NAME: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*+)")
RAW_END: Final = re.compile(r"</(?:script|style)\b", re.I)

SILENT: Final = frozenset({"noscript", "template", "svg", "head"})
RAW: Final = frozenset({"script", "style"})
"""What stands in these is no markup, up to their own end."""

BLOCKS: Final = frozenset(
    {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "td", "pre", "blockquote"}
)  # fmt: skip


def words_of_page(page: str) -> str:
    """A page of HTML as text: no scripts, no styles, blocks on lines of their own. What is never closed ends the page."""
    reader = _Reader(page)
    while reader.step():
        pass
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader:
    """Where in the page it stands, and what was read. Each search that fails is the last one of its kind, so all of them are one pass."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.at = 0
        self.silent = 0
        self.words: list[str] = []
        self.has_quotes = True

    def step(self) -> bool:
        """Reads on up to the end of the next tag, comment or raw text. False: the page is over."""
        begin = self.page.find("<", self.at)
        self._say(self.page[self.at : begin if begin >= 0 else len(self.page)])
        if begin < 0:
            return False
        if self.page.startswith("<!--", begin):
            return self._go_behind("-->", begin + 4)
        if self.page.startswith(("<!", "<?"), begin):
            return self._go_behind(">", begin)
        name = NAME.match(self.page, begin)
        if name is None:
            self._say("<")
            self.at = begin + 1
            return True
        return self._go_behind_tag(begin) and self._take(name[2].lower(), is_end=bool(name[1]))

    def _go_behind_tag(self, begin: int) -> bool:
        tag = TAG.match(self.page, begin) if self.has_quotes else None
        if tag is None:  # a quote that is never closed: from here on quotes mean nothing
            self.has_quotes = False
            return self._go_behind(">", begin)
        self.at = tag.end()
        return True

    def _go_behind(self, what: str, begin: int) -> bool:
        found = self.page.find(what, begin)
        self.at = found + len(what)
        return found >= 0

    def _take(self, name: str, *, is_end: bool) -> bool:
        if name in BLOCKS:
            self.words.append("\n")
        if name == "body":  # the end of a head may be left out
            self.silent = 0
        if name in SILENT and not self.page.startswith("/>", self.at - 2):
            self.silent = max(0, self.silent - 1) if is_end else self.silent + 1
        if name in RAW and not is_end:
            found = RAW_END.search(self.page, self.at)
            self.at = found.start() if found else len(self.page)
        return True

    def _say(self, text: str) -> None:
        if self.silent or not text:
            return
        try:
            self.words.append(html.unescape(text))
        except ValueError:  # a number of a character with more digits than a number may have
            self.words.append(text)
