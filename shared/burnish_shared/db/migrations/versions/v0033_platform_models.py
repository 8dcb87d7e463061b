"""The operator describes the platform's models over the API: see sql/0033_platform_models.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0033_platform_models.sql")


def downgrade() -> None:
    run_sql("0033_platform_models.down.sql")
