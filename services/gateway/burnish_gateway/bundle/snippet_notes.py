"""Snippets of an import that will never render: said when it is brought in, not when somebody asks. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from burnish_gateway.bundle.read_bundle import ReadPrompt
from burnish_shared.template.syntax import Include


def snippet_notes(prompts: Sequence[ReadPrompt]) -> list[str]:
    """Of snippets that the file holds itself: those of several messages, those of no such version or label, and those in a circle."""
    there = {str(one.slug): one for one in prompts}
    edges: dict[tuple[str, int], list[tuple[str, int]]] = {}
    notes: dict[str, None] = {}
    for one in prompts:
        for number, includes in enumerate(one.includes, 1):
            for include in dict.fromkeys(includes):
                if (snippet := there.get(include.slug)) is None:
                    continue
                version = _version(snippet, include)
                if version is None:
                    notes[f"{one.slug}@{number}: includes '{include.name}', and the file has no such version of it."] = None
                    continue
                edges.setdefault((one.slug, number), []).append((include.slug, version))
                count = len(snippet.contents[version - 1].messages)
                if count != 1:
                    why = "a snippet has one; it cannot be rendered as it stands"
                    notes[f"{one.slug}@{number}: includes '{include.name}', which has {count} messages; {why}."] = None
    circles = dict.fromkeys(", ".join(sorted({slug for slug, _ in circle})) for circle in _circles(edges))
    return [*notes, *(f"{names}: includes itself by way of its snippets, and cannot be rendered." for names in circles)]


def other_snippets(prompts: Sequence[tuple[ReadPrompt, int]], others: Mapping[str, int]) -> list[str]:
    """Of snippets that were left alone because they say something else here: whoever includes one renders that.

    `prompts`: each with its first version that comes in; `others`: from which version on a slug says something else here. A label of such
    a snippet stays where it stands here, so it counts whatever version the file has it at.
    """
    notes: dict[str, None] = {}
    for one, first in prompts:
        for number, includes in enumerate(one.includes, 1):
            for include in includes if number >= first else ():
                other_from = others.get(include.slug)
                if other_from is not None and (include.version is None or include.version >= other_from):
                    why = "which says something else here than in the file, and renders that"
                    notes[f"{one.slug}@{number}: includes '{include.name}', {why}."] = None
    return list(notes)


def _version(snippet: ReadPrompt, include: Include) -> int | None:
    if include.version is not None:
        return include.version if include.version <= len(snippet.hashes) else None
    label = include.label or "production"
    return next((one.version for one in snippet.form.labels if one.label == label), None)


def _circles(edges: dict[tuple[str, int], list[tuple[str, int]]]) -> Iterator[list[tuple[str, int]]]:
    """By walking to every end once; without recursion, for files may be as deep as they like."""
    done: set[tuple[str, int]] = set()
    for start, first in edges.items():
        path, left = [start], [iter(first)] if start not in done else []
        on_path = {start}
        while left:
            step = next(left[-1], None)
            if step is None:
                left.pop()
                gone = path.pop()
                on_path.discard(gone)
                done.add(gone)
            elif step in on_path:
                yield path[path.index(step) :]
            elif step not in done:
                path.append(step)
                on_path.add(step)
                left.append(iter(edges.get(step, ())))
