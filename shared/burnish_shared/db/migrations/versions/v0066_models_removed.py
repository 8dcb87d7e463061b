"""Models of one's own removed: see sql/0066_models_removed.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0066_models_removed.sql")


def downgrade() -> None:
    run_sql("0066_models_removed.down.sql")
