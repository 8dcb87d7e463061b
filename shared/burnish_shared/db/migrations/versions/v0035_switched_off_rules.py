"""Open alerts whose rule is off: see sql/0035_switched_off_rules.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0035_switched_off_rules.sql")


def downgrade() -> None:
    run_sql("0035_switched_off_rules.down.sql")
