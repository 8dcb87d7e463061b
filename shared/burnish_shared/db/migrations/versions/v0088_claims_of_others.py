"""Who claims live evaluations leaves out what it holds: see sql/0088_claims_of_others.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0088"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0088_claims_of_others.sql")


def downgrade() -> None:
    run_sql("0088_claims_of_others.down.sql")
