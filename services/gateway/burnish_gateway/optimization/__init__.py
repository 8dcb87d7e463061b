"""Test runs, optimization jobs and suggestions, as callers see them. The optimizer does the work."""
