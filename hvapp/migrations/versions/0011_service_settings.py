"""What a provider decides for all its teams"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("safeguarding_name", sa.String(), ""),
    ("safeguarding_phone", sa.String(), ""),
    ("home_vaccination", sa.Boolean(), sa.false()),
    ("growth_method", sa.String(), "digital"),
)


def upgrade() -> None:
    with op.batch_alter_table("provider") as batch_op:
        for name, kind, begins in _COLUMNS:
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=begins))


def downgrade() -> None:
    with op.batch_alter_table("provider") as batch_op:
        for name, _, _ in reversed(_COLUMNS):
            batch_op.drop_column(name)
