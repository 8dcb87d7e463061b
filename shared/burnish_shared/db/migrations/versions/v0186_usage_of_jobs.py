"""What a job spends stands at its prompt: see sql/0186_usage_of_jobs.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0186"
down_revision = "0184"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0186_usage_of_jobs.sql")


def downgrade() -> None:
    run_sql("0186_usage_of_jobs.down.sql")
