"""Whose complaints fill the review queue: see sql/0025_review_voices.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0025_review_voices.sql")


def downgrade() -> None:
    run_sql("0025_review_voices.down.sql")
