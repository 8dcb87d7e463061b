"""Backup and restore of an installation: the database, the streams, and a manifest that says what belongs to what."""
