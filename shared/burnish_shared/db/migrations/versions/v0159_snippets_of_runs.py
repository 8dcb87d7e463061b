"""A test run keeps which versions of snippets it began with: see sql/0159_snippets_of_runs.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0159"
down_revision = "0158"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0159_snippets_of_runs.sql")


def downgrade() -> None:
    run_sql("0159_snippets_of_runs.down.sql")
