"""What waits for one member: comments that concern them, reviews, answers of the review queue (PRODUCT P4, P5, U1)."""
