"""Generations of searches: latest and best, snapshots, forks, restoring, export and import (PRODUCT O8)."""
