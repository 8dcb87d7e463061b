"""Providers that are known by name, and a toy that embeds: see sql/0032_embeddings.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0032_embeddings.sql")


def downgrade() -> None:
    run_sql("0032_embeddings.down.sql")
