"""Links by which somebody sets a new password; the rate limit of an API key can be changed: see sql/0123_resets_and_limits.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0123"
down_revision = "0121"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0123_resets_and_limits.sql")


def downgrade() -> None:
    run_sql("0123_resets_and_limits.down.sql")
