"""`reader`: a toy that answers classification prompts and knows only the text of its prompt.

words → conversation → read_prompt → weigh → score → answer, each a pure module. No answer key, no data set, no synonyms.
"""
