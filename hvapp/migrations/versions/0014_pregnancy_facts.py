"""What staff have to know before an antenatal visit, and ids under which tablets know a pregnancy"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("two_person_reason", sa.String()),
    ("plan", sa.String()),
    ("plan_from", sa.Date()),
    ("plan_to", sa.Date()),
)


def upgrade() -> None:
    with op.batch_alter_table("pregnancy") as batch_op:
        for name, kind in _COLUMNS:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
        batch_op.add_column(
            sa.Column("child_in_need_plan", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_table(
        "pregnancy_alias",
        sa.Column("ref", sa.String(length=36), nullable=False),
        sa.Column("pregnancy_id", sa.String(length=36), nullable=False),
        sa.Column("made_by_id", sa.String(length=36), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["pregnancy_id"], ["pregnancy.id"], name=op.f("fk_pregnancy_alias_pregnancy_id_pregnancy")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["account.id"], name=op.f("fk_pregnancy_alias_made_by_id_account")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_pregnancy_alias")),
    )


def downgrade() -> None:
    op.drop_table("pregnancy_alias")
    with op.batch_alter_table("pregnancy") as batch_op:
        batch_op.drop_column("child_in_need_plan")
        for name, _ in reversed(_COLUMNS):
            batch_op.drop_column(name)
