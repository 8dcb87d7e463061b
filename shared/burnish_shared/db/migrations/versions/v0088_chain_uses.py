"""Which versions of chains run which prompts; a revision of the headers of webhook endpoints: see sql/0088_chain_uses.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0088_chain_uses.sql")


def downgrade() -> None:
    run_sql("0088_chain_uses.down.sql")
