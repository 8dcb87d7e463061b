"""What providers let one key do in a minute: see sql/0030_provider_limits.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0030"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0030_provider_limits.sql")


def downgrade() -> None:
    run_sql("0030_provider_limits.down.sql")
