"""What clarifying sessions and content jobs share: rows for which a model is to be asked, claimed with a lease and a fence."""
