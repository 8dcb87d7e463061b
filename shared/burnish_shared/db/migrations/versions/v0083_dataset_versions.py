"""Who made each version of a dataset: see sql/0083_dataset_versions.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0083_dataset_versions.sql")


def downgrade() -> None:
    run_sql("0083_dataset_versions.down.sql")
