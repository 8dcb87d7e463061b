"""What members say of versions, of runs and of conversations, with mentions and answers (PRODUCT P4, E13)."""
