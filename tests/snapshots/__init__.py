"""The generated reference: what the code says of itself, as files that are compared in `make test` and written by `make snapshots`."""
