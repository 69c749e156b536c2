"""Who recorded that a pregnancy has ended without a live birth, and who confirmed it"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("death_mark") as batch_op:
        batch_op.alter_column("child_id", existing_type=sa.String(length=36), nullable=True)
        batch_op.add_column(sa.Column("pregnancy_id", sa.String(length=36), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_death_mark_pregnancy_id_pregnancy"), "pregnancy", ["pregnancy_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_death_mark_pregnancy_id"), ["pregnancy_id"])


def downgrade() -> None:
    op.execute("DELETE FROM death_mark WHERE child_id IS NULL")
    with op.batch_alter_table("death_mark") as batch_op:
        batch_op.drop_index(batch_op.f("ix_death_mark_pregnancy_id"))
        batch_op.drop_constraint(batch_op.f("fk_death_mark_pregnancy_id_pregnancy"), type_="foreignkey")
        batch_op.drop_column("pregnancy_id")
        batch_op.alter_column("child_id", existing_type=sa.String(length=36), nullable=False)
