"""Children who have moved out of the area, and the service that has them now"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("child") as batch_op:
        batch_op.add_column(sa.Column("moved_out_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("moved_out_to", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("child") as batch_op:
        batch_op.drop_column("moved_out_to")
        batch_op.drop_column("moved_out_on")
