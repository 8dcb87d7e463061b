"""Generations and their candidates, schedules of optimizations, moves to another model: see sql/0048_generations.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0048_generations.sql")


def downgrade() -> None:
    run_sql("0048_generations.down.sql")
