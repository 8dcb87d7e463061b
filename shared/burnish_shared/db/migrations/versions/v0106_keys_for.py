"""Whether anybody has a key for some providers: see sql/0106_keys_for.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0106"
down_revision = "0104"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0106_keys_for.sql")


def downgrade() -> None:
    run_sql("0106_keys_for.down.sql")
