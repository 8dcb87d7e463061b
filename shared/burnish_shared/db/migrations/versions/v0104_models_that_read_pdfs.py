"""The capability `pdf`: see sql/0104_models_that_read_pdfs.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0104"
down_revision = "0103"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0104_models_that_read_pdfs.sql")


def downgrade() -> None:
    run_sql("0104_models_that_read_pdfs.down.sql")
