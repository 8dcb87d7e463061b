"""A prompt has one optimization at a time: see sql/0055_one_job_at_a_time.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0055_one_job_at_a_time.sql")


def downgrade() -> None:
    run_sql("0055_one_job_at_a_time.down.sql")
