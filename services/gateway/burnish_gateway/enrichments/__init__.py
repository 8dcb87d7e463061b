"""Content jobs: conversations, transcripts and documents become structured results (PRODUCT E17)."""
