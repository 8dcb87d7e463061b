"""Tables of provider keys and installation secrets: see sql/0008_provider_keys.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0008_provider_keys.sql")


def downgrade() -> None:
    run_sql("0008_provider_keys.down.sql")
