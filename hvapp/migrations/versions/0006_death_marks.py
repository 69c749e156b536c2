"""Who recorded that a child has died, and who confirmed it"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accounts = ("marked_by_id", "confirmed_by_id", "withdrawn_by_id")
    op.create_table(
        "death_mark",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=False),
        sa.Column("marked_by_id", sa.String(length=36), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by_id", sa.String(length=36), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_id", sa.String(length=36), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_death_mark_child_id_child")),
        *(
            sa.ForeignKeyConstraint([name], ["account.id"], name=op.f(f"fk_death_mark_{name}_account"))
            for name in accounts
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_death_mark")),
    )
    op.create_index(op.f("ix_death_mark_child_id"), "death_mark", ["child_id"])


def downgrade() -> None:
    op.drop_table("death_mark")
