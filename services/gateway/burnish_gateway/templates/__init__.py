"""The library of templates: those that ship, and those that workspaces make (PRODUCT P7)."""
