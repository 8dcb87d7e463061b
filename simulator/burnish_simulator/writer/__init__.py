"""`writer`: proposes one small edit of a prompt from failed cases, seeing only the text of its request. Some edits are bad."""
