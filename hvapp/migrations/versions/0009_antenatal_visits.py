"""Visits about a pregnancy"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("visit") as batch_op:
        batch_op.add_column(sa.Column("pregnancy_id", sa.String(length=36), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_visit_pregnancy_id_pregnancy"), "pregnancy", ["pregnancy_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_visit_pregnancy_id"), ["pregnancy_id"])


def downgrade() -> None:
    with op.batch_alter_table("visit") as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_pregnancy_id"))
        batch_op.drop_constraint(batch_op.f("fk_visit_pregnancy_id_pregnancy"), type_="foreignkey")
        batch_op.drop_column("pregnancy_id")
