"""What queries cost by the hour, the heaviest end users, calls of judges that no score names: see sql/0029_detector_hours.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0029_detector_hours.sql")


def downgrade() -> None:
    run_sql("0029_detector_hours.down.sql")
