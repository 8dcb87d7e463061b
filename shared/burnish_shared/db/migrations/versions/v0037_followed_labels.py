"""How many labels detectors follow, and for how long: see sql/0037_followed_labels.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0037_followed_labels.sql")


def downgrade() -> None:
    run_sql("0037_followed_labels.down.sql")
