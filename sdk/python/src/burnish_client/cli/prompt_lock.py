"""`burnish.lock`: what a folder of prompts was like when it last met Burnish. It belongs into Git, beside the files."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from burnish_client.cli.prompt_files import FileFault, PromptFile

NAME: Final = "burnish.lock"


@dataclass(frozen=True)
class Known:
    """One prompt. `version`: what the file says; `newest`: the newest one then, which is another after a text went back."""

    slug: str
    version: int
    newest: int
    content: str
    facts: str

    @classmethod
    def of(cls, prompt: PromptFile, *, version: int, newest: int) -> Known:
        return cls(prompt.slug, version, newest, prompt.content_hash, prompt.facts_hash)


@dataclass
class Lock:
    """By the id of the prompt, so that one folder may meet several workspaces without mistaking one for the other."""

    known: dict[str, Known]

    @classmethod
    def read(cls, folder: Path) -> Lock:
        """An empty one where there is none. Raises FileFault for one that cannot be read, such as after a merge in Git."""
        path = folder / NAME
        if not path.exists():
            return cls({})
        try:
            said = json.loads(path.read_text("utf-8"))
            return cls({str(key): Known(**one) for key, one in said["prompts"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            what_now = "Settle what Git could not merge, or delete it and run `burnish prompts pull`."
            raise FileFault(f"{path} cannot be read ({type(error).__name__}). {what_now}") from error

    def note(self, prompt_id: str, known: Known) -> None:
        """Another prompt of this slug, which another workspace has, stays."""
        self.known[prompt_id] = known

    def write(self, folder: Path) -> None:
        """One line for each prompt, sorted, and only where something changed; in place of the old one at once."""
        lines = [f"    {json.dumps(key)}: {json.dumps(asdict(one))}" for key, one in sorted(self.known.items(), key=_place)]
        text = '{\n  "prompts": {\n' + ",\n".join(lines) + "\n  }\n}\n"
        path = folder / NAME
        if not path.exists() or path.read_text("utf-8") != text:
            beside = path.with_name(f"{NAME}.new")
            beside.write_text(text, "utf-8")
            os.replace(beside, path)


def _place(item: tuple[str, Known]) -> tuple[str, str]:
    return item[1].slug, item[0]
