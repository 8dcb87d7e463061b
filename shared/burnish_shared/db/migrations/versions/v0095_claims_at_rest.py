"""Claims of deliveries ask first whether any is due: see sql/0095_claims_at_rest.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0095_claims_at_rest.sql")


def downgrade() -> None:
    run_sql("0095_claims_at_rest.down.sql")
