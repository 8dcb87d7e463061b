"""The template language of prompts (PRODUCT P2): parse once, render often. See `syntax` for what a template may hold."""

from burnish_shared.template.messages import PromptTemplate, Rendered, parse_messages, parse_text
from burnish_shared.template.variables import Variable

__all__ = ["PromptTemplate", "Rendered", "Variable", "parse_messages", "parse_text"]
