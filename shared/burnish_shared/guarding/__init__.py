"""Looks at texts on their way to a model, back from it, and into the books: finds, masks, stops. Pure; time is linear in the text."""
