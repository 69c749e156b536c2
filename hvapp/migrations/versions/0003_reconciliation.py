"""Versions put together or settled, children that were two records of one, and what supervisors sort out"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_APART = ("other_author", "other_child", "unknown_child", "unknown_form", "form_changed")


def upgrade() -> None:
    op.create_table(
        "child_alias",
        sa.Column("ref", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("made_by_id", sa.String(length=36), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_child_alias_child_id_child")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["account.id"], name=op.f("fk_child_alias_made_by_id_account")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_child_alias")),
    )
    op.create_table(
        "sorting_act",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("team_id", sa.String(length=36), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_sorting_act_team_id_team")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_sorting_act_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["undone_by_id"], ["account.id"], name=op.f("fk_sorting_act_undone_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sorting_act")),
    )
    with op.batch_alter_table("sorting_act", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sorting_act_team_id_at"), ["team_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sorting_act_subject_id"), ["subject_id"], unique=False)
    with op.batch_alter_table("child", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_into_id", sa.String(length=36), nullable=True))
        batch_op.create_index(batch_op.f("ix_child_merged_into_id"), ["merged_into_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_child_merged_into_id_child"), "child", ["merged_into_id"], ["id"]
        )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("need_level_before", sa.String(), nullable=True))
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_from", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("settled_by_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("apart", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("accepted", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("read_as", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("moved_from", sa.String(length=36), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_revision_settled_by_id_account"), "account", ["settled_by_id"], ["id"]
        )
    _mark_what_stands_apart()
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.add_column(sa.Column("device_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("act_id", sa.String(length=36), nullable=True))
        batch_op.create_index(batch_op.f("ix_quarantine_act_id_reason"), ["act_id", "reason"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_quarantine_act_id_sorting_act"), "sorting_act", ["act_id"], ["id"]
        )
    with op.batch_alter_table("judgement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("red_alerts", sa.JSON(), nullable=True))


def _mark_what_stands_apart() -> None:
    """Versions kept beside their visit were told only by what lies in quarantine, which did not name them."""
    quarantine = sa.table(
        "quarantine", *(sa.column(name, sa.String()) for name in ("id", "reason", "body", "revision_ref"))
    )
    revision = sa.table("revision", sa.column("id", sa.String()), sa.column("apart", sa.Boolean()))
    connection = op.get_bind()
    kept = connection.execute(
        sa.select(quarantine.c.id, quarantine.c.body).where(quarantine.c.reason.in_(_APART))
    )
    for item_id, body in kept.all():
        revision_id = json.loads(body)["rev_id"]
        connection.execute(
            quarantine.update().where(quarantine.c.id == item_id).values(revision_ref=revision_id)
        )
        connection.execute(revision.update().where(revision.c.id == revision_id).values(apart=True))


def downgrade() -> None:
    with op.batch_alter_table("judgement", schema=None) as batch_op:
        batch_op.drop_column("red_alerts")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_quarantine_act_id_sorting_act"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_quarantine_act_id_reason"))
        batch_op.drop_column("act_id")
        batch_op.drop_column("device_id")
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_revision_settled_by_id_account"), type_="foreignkey")
        for name in ("moved_from", "read_as", "accepted", "apart", "settled_by_id", "merged_from"):
            batch_op.drop_column(name)
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_column("need_level_before")
    with op.batch_alter_table("child", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_child_merged_into_id_child"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_child_merged_into_id"))
        batch_op.drop_column("merged_into_id")
    with op.batch_alter_table("sorting_act", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sorting_act_subject_id"))
        batch_op.drop_index(batch_op.f("ix_sorting_act_team_id_at"))
    op.drop_table("sorting_act")
    op.drop_table("child_alias")
