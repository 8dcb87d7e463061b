"""An optimization job keeps which versions of snippets it began with: see sql/0162_snippets_of_jobs.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0162"
down_revision = "0161"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0162_snippets_of_jobs.sql")


def downgrade() -> None:
    run_sql("0162_snippets_of_jobs.down.sql")
