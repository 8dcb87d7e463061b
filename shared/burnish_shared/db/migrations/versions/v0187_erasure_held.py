"""Erasures take waiting lines of sessions and wait under a hold: see sql/0187_erasure_held.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0187"
down_revision = "0186"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0187_erasure_held.sql")


def downgrade() -> None:
    run_sql("0187_erasure_held.down.sql")
