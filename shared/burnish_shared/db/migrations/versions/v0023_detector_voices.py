"""Voices that detectors have not weighed yet: see sql/0023_detector_voices.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0023_detector_voices.sql")


def downgrade() -> None:
    run_sql("0023_detector_voices.down.sql")
