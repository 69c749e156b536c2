"""A line of the visits that wait for judgement"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unjudged",
        sa.Column("revision_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_unjudged_revision_id_revision")
        ),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_unjudged")),
    )
    op.execute(
        "INSERT INTO unjudged (revision_id) SELECT id FROM revision"
        " WHERE NOT EXISTS (SELECT 1 FROM judgement WHERE judgement.revision_id = revision.id)"
    )


def downgrade() -> None:
    op.drop_table("unjudged")
