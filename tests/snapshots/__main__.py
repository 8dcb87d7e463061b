"""`make snapshots`: writes the generated reference anew. With `--check` it only says what is out of date."""

import sys

from tests.snapshots.reference import ROOT, outdated, rendered


def main() -> int:
    """0 when everything is (now) up to date."""
    if "--check" in sys.argv[1:]:
        stale = outdated()
        sys.stdout.write("".join(f"out of date: {one}\n" for one in stale))
        return 1 if stale else 0
    texts = rendered()
    for path, text in texts.items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_text() != text:
            target.write_text(text)
            sys.stdout.write(f"wrote {path}\n")
    for path in set(outdated()) - texts.keys():  # What is out of date again already was changed meanwhile, and stays.
        (ROOT / path).unlink()
        sys.stdout.write(f"removed {path}\n")
    return 0


sys.exit(main())
