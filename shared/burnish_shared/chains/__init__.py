"""What a chain is, how its form is read, and what a run does next (PRODUCT P8). Pure; for the gateway that runs chains and the optimizer
that tries other texts in them."""
