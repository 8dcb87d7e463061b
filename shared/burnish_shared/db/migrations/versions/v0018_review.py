"""The review queue: see sql/0018_review.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0018_review.sql")


def downgrade() -> None:
    run_sql("0018_review.down.sql")
