"""What analysers reported beside the logs of builds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of reported problems."""
    op.create_table(
        "reported_problems",
        sa.Column("build_id", CleanText, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("tool", CleanText, nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("code", CleanText, nullable=False),
        sa.Column("file", CleanText, nullable=False),
        sa.Column("line", sa.BigInteger),
        sa.Column("col", sa.BigInteger),
        sa.Column("message", CleanText, nullable=False),
        sa.PrimaryKeyConstraint("build_id", "position", name="pk_reported_problems"),
        sa.ForeignKeyConstraint(
            ["build_id"], ["builds.build_id"], name="fk_reported_problems_build_id_builds", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Drop it: the problems come back with the next ingestion of the reports."""
    op.drop_table("reported_problems")
