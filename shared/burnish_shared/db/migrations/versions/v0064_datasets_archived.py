"""Datasets that are archived and removed: see sql/0064_datasets_archived.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0064_datasets_archived.sql")


def downgrade() -> None:
    run_sql("0064_datasets_archived.down.sql")
