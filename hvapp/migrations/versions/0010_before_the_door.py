"""What a visitor has to know before the door opens, and vaccinations on record"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NO = sa.false()


def upgrade() -> None:
    for table in ("child", "pregnancy"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column("staff_risk_review_by", sa.Date(), nullable=True))
            batch_op.add_column(sa.Column("two_person_visit", sa.Boolean(), nullable=False, server_default=_NO))
            batch_op.add_column(
                sa.Column("child_protection_plan", sa.Boolean(), nullable=False, server_default=_NO)
            )
            if table == "child":
                batch_op.add_column(sa.Column("looked_after", sa.Boolean(), nullable=False, server_default=_NO))
    op.create_table(
        "immunisation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("vaccine", sa.String(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_immunisation_child_id_child")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_immunisation_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_immunisation")),
    )
    with op.batch_alter_table("immunisation") as batch_op:
        batch_op.create_index(batch_op.f("ix_immunisation_child_id"), ["child_id"])
        batch_op.create_index(batch_op.f("ix_immunisation_visit_id"), ["visit_id"])


def downgrade() -> None:
    op.drop_table("immunisation")
    for table in ("child", "pregnancy"):
        with op.batch_alter_table(table) as batch_op:
            if table == "child":
                batch_op.drop_column("looked_after")
            batch_op.drop_column("child_protection_plan")
            batch_op.drop_column("two_person_visit")
            batch_op.drop_column("staff_risk_review_by")
