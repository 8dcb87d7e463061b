"""How edits become text: the gateway does it too, for who accepts only some of them, so it lies with what both share."""

from burnish_shared.prompt_edits import SECTION_NAMES, SECTIONS, definition_label, render, section_of

__all__ = ["SECTIONS", "SECTION_NAMES", "definition_label", "render", "section_of"]
