"""Tablets that can be revoked, the server's own keys, copies of unfinished visits, and a feed that can be tidied"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealing_key",
        sa.Column("kid", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_sealing_key")),
    )
    op.create_table(
        "tablet_command",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_tablet_command_device_id_device")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tablet_command")),
    )
    with op.batch_alter_table("tablet_command", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tablet_command_device_id"), ["device_id"], unique=False)

    op.create_table(
        "rescued_draft",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("kid", sa.String(length=16), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_rescued_draft_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_rescued_draft")),
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("revoked_by_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("revoke_reason", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("wiped_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("clock_offset_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("app_version", sa.String(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_device_revoked_by_id_account"), "account", ["revoked_by_id"], ["id"]
        )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.add_column(sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    # What left a caseload before now is remembered as long as if it had left today.
    op.execute("UPDATE change SET changed_at = CURRENT_TIMESTAMP")
    with op.batch_alter_table("change_counter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("purged_through", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_revision_device_id_device_seq"), ["device_id", "device_seq"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_revision_device_id_device_seq"))
    with op.batch_alter_table("change_counter", schema=None) as batch_op:
        batch_op.drop_column("purged_through")
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_column("changed_at")
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_device_revoked_by_id_account"), type_="foreignkey")
        for name in (
            "app_version",
            "clock_offset_ms",
            "wiped_at",
            "revoke_reason",
            "revoked_by_id",
            "revoked_at",
        ):
            batch_op.drop_column(name)
    op.drop_table("rescued_draft")
    with op.batch_alter_table("tablet_command", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tablet_command_device_id"))
    op.drop_table("tablet_command")
    op.drop_table("sealing_key")
