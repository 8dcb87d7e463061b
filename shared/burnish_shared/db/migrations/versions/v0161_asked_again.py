"""Whoever is asked for an answer once more is told by whom, and when: see sql/0161_asked_again.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0161"
down_revision = "0160"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0161_asked_again.sql")


def downgrade() -> None:
    run_sql("0161_asked_again.down.sql")
