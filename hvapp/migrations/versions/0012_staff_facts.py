"""Why two people go, and the plan a child has with its dates"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("two_person_reason", sa.String()),
    ("plan", sa.String()),
    ("plan_from", sa.Date()),
    ("plan_to", sa.Date()),
)


def upgrade() -> None:
    with op.batch_alter_table("child") as batch_op:
        for name, kind in _COLUMNS:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
        batch_op.add_column(
            sa.Column("child_in_need_plan", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    with op.batch_alter_table("child") as batch_op:
        batch_op.drop_column("child_in_need_plan")
        for name, _ in reversed(_COLUMNS):
            batch_op.drop_column(name)
