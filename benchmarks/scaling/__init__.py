"""Scale on paper, from measured unit costs."""
