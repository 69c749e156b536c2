"""Photos in pieces, and which of them a version names"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_blob_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "sha256", name=op.f("pk_blob")),
    )
    op.create_index(op.f("ix_blob_sha256"), "blob", ["sha256"])
    op.create_table(
        "blob_piece",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "sha256"],
            ["blob.account_id", "blob.sha256"],
            name=op.f("fk_blob_piece_account_id_sha256_blob"),
        ),
        sa.PrimaryKeyConstraint("account_id", "sha256", "first", name=op.f("pk_blob_piece")),
    )
    op.add_column("judgement", sa.Column("photos", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("judgement", "photos")
    op.drop_table("blob_piece")
    op.drop_index(op.f("ix_blob_sha256"), "blob")
    op.drop_table("blob")
