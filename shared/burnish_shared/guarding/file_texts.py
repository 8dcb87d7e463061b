"""The text of a file, read as whoever gets the file reads it: JSON by its values, HTML and XML by their entities. Pure.

Of what kind a file is said to be decides little: receivers look into it. What is spelled may stand in any; where nothing is found by
reading it so, all stays as it is written.
"""

from collections.abc import Iterator

from burnish_shared.guarding.arguments import changed_arguments, is_like_json, texts_in_arguments
from burnish_shared.guarding.changes import Edit, Editor, applied, merged
from burnish_shared.guarding.spans import to_bytes, to_text
from burnish_shared.guarding.spelled import Read, read_entities, read_escapes


def changed_in_file(text: str, is_json: bool, *, editor: Editor) -> str:
    """The text, changed where what it says is to be changed, spelled or not. JSON stays JSON: a number of which something is changed
    becomes a string. `is_json`: somebody says that it is; else its beginning tells. Takes time in proportion to its length."""
    if is_json or is_like_json(text):
        return changed_arguments(text, editor, is_file=True)
    raw = to_bytes(text)
    edits: list[Edit] = list(editor.edits(raw, None))
    for read in _ways_to_read(raw):
        found = [Edit(read.where(one.start), read.where(one.end), one.by) for one in editor.edits(read.raw, None)]
        edits = merged(edits, found) if found else edits
    return to_text(applied(raw, edits)) if edits else text


def texts_in_file(text: str, is_json: bool) -> Iterator[str]:
    """The same as it is written, and where it is read otherwise, as it is read."""
    if is_json or is_like_json(text):
        yield from texts_in_arguments(text)
        read = read_escapes(to_bytes(text))
        if (further := read_entities(read)) is not read:
            yield to_text(further.raw)
    else:
        yield text
        for one in _ways_to_read(to_bytes(text)):
            yield to_text(one.raw)


def _ways_to_read(raw: bytes) -> Iterator[Read]:
    """Without escapes, and without these and entities, where there are any."""
    read = read_escapes(raw)
    if read.raw != raw:
        yield read
    if (further := read_entities(read)) is not read:
        yield further
