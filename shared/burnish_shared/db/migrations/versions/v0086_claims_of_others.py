"""Who claims live evaluations leaves out what it holds: see sql/0086_claims_of_others.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0086"
down_revision = "0085"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0086_claims_of_others.sql")


def downgrade() -> None:
    run_sql("0086_claims_of_others.down.sql")
