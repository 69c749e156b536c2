"""What a visit leaves to be offered again, and what belongs to the adults"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_kept_answers_visit_id_visit")),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_kept_answers")),
    )
    op.create_table(
        "wellbeing",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_wellbeing_person_id_person")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_wellbeing_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wellbeing")),
    )
    op.create_index(op.f("ix_wellbeing_person_id"), "wellbeing", ["person_id"])
    op.create_index(op.f("ix_wellbeing_visit_id"), "wellbeing", ["visit_id"])


def downgrade() -> None:
    op.drop_table("wellbeing")
    op.drop_table("kept_answers")
