"""Tables of retention, erasure and export: see sql/0010_privacy.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0010_privacy.sql")


def downgrade() -> None:
    run_sql("0010_privacy.down.sql")
