"""What a prompt holds beside its versions, snippets, archive and purge: see sql/0039_content.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0039_content.sql")


def downgrade() -> None:
    run_sql("0039_content.down.sql")
