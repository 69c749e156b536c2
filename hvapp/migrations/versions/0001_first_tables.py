"""All tables of the first version"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=36), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_counter")),
    )
    op.create_table(
        "household",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("address_lines", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("nhs_number", sa.String(), nullable=True),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("nhs_number", name=op.f("uq_person_nhs_number")),
    )
    op.create_table(
        "provider",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ods_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider")),
        sa.UniqueConstraint("ods_code", name=op.f("uq_provider_ods_code")),
    )
    op.create_table(
        "receipt_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_counter")),
    )
    op.create_table(
        "household_member",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("household_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("to_date", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_household_member_household_id_household")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_household_member_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_member")),
        sa.UniqueConstraint(
            "household_id",
            "person_id",
            "from_date",
            name=op.f("uq_household_member_household_id_person_id_from_date"),
        ),
    )
    with op.batch_alter_table("household_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_household_member_household_id"), ["household_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_household_member_person_id"), ["person_id"], unique=False)

    op.create_table(
        "relationship",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("parental_responsibility", sa.Boolean(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=True),
        sa.Column("to_date", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["person.id"], name=op.f("fk_relationship_child_id_person")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_relationship_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relationship")),
        sa.UniqueConstraint(
            "person_id", "child_id", "role", name=op.f("uq_relationship_person_id_child_id_role")
        ),
    )
    with op.batch_alter_table("relationship", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_relationship_child_id"), ["child_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_relationship_person_id"), ["person_id"], unique=False)

    op.create_table(
        "team",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("fk_team_provider_id_provider")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("team_id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failed_sign_ins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_account_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_team_id"), ["team_id"], unique=False)

    op.create_table(
        "audit",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_audit_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "change",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_change_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "record_type", "record_id", name=op.f("pk_change")),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_account_id_seq"), ["account_id", "seq"], unique=True)

    op.create_table(
        "device",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("storage_persisted", sa.Boolean(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_contact_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_device_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_account_id"), ["account_id"], unique=False)

    op.create_table(
        "pregnancy",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("mother_id", sa.String(length=36), nullable=False),
        sa.Column("edd", sa.Date(), nullable=False),
        sa.Column("births_expected", sa.Integer(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("team_id", sa.String(length=36), nullable=False),
        sa.Column("named_visitor_id", sa.String(length=36), nullable=True),
        sa.Column("need_level", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("interpreter", sa.Boolean(), nullable=False),
        sa.Column("staff_risk", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["mother_id"], ["person.id"], name=op.f("fk_pregnancy_mother_id_person")),
        sa.ForeignKeyConstraint(
            ["named_visitor_id"], ["account.id"], name=op.f("fk_pregnancy_named_visitor_id_account")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_pregnancy_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pregnancy")),
    )
    with op.batch_alter_table("pregnancy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pregnancy_mother_id"), ["mother_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pregnancy_named_visitor_id"), ["named_visitor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pregnancy_team_id"), ["team_id"], unique=False)

    op.create_table(
        "quarantine",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("revision_ref", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_quarantine_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("account_id", "body_sha256", name=op.f("uq_quarantine_account_id_body_sha256")),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quarantine_revision_ref"), ["revision_ref"], unique=False)

    op.create_table(
        "child",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("pregnancy_id", sa.String(length=36), nullable=True),
        sa.Column("gestation_days", sa.Integer(), nullable=True),
        sa.Column("births_in_pregnancy", sa.Integer(), nullable=False),
        sa.Column("birth_order", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.String(length=36), nullable=False),
        sa.Column("named_visitor_id", sa.String(length=36), nullable=True),
        sa.Column("need_level", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("interpreter", sa.Boolean(), nullable=False),
        sa.Column("staff_risk", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["person.id"], name=op.f("fk_child_id_person")),
        sa.ForeignKeyConstraint(
            ["named_visitor_id"], ["account.id"], name=op.f("fk_child_named_visitor_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["pregnancy_id"], ["pregnancy.id"], name=op.f("fk_child_pregnancy_id_pregnancy")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_child_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child")),
    )
    with op.batch_alter_table("child", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_child_named_visitor_id"), ["named_visitor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_child_pregnancy_id"), ["pregnancy_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_child_team_id"), ["team_id"], unique=False)

    op.create_table(
        "visit",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=True),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("team_id", sa.String(length=36), nullable=False),
        sa.Column("contact_type", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("head_revision_id", sa.String(length=36), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_red_book_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["account.id"], name=op.f("fk_visit_author_id_account")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_visit_child_id_child")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_visit_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_author_id"), ["author_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_child_id"), ["child_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_visit_team_id_state_received_at"),
            ["team_id", "state", "received_at"],
            unique=False,
        )

    op.create_table(
        "contact",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("contact_type", sa.String(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("practitioner", sa.String(), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_contact_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_contact_visit_id")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "measurement",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.Numeric(precision=8, scale=3), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.Column("at_birth", sa.Boolean(), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_measurement_child_id_child")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_measurement_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurement")),
    )
    with op.batch_alter_table("measurement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_measurement_child_id"), ["child_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_measurement_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "revision",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("device_seq", sa.Integer(), nullable=False),
        sa.Column("child_ref", sa.String(length=36), nullable=False),
        sa.Column("form_id", sa.String(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("receipt_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["account.id"], name=op.f("fk_revision_author_id_account")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_revision_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("receipt_seq", name=op.f("uq_revision_receipt_seq")),
    )
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revision_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("revision_id", sa.String(length=36), nullable=False),
        sa.Column("reviewer_id", sa.String(length=36), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("queries", sa.JSON(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["account.id"], name=op.f("fk_decision_reviewer_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_decision_revision_id_revision")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_decision_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("revision_id", name=op.f("uq_decision_revision_id")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "judgement",
        sa.Column("revision_id", sa.String(length=36), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_judgement_revision_id_revision")
        ),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_judgement")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("revision_id", sa.String(length=36), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("payload_sha256", sa.String(), nullable=True),
        sa.Column("content_type", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker_id", sa.String(), nullable=True),
        sa.Column("reason_code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_outbox_child_id_child")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_outbox_revision_id_revision")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_outbox_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("child_id", "seq", name=op.f("uq_outbox_child_id_seq")),
        sa.UniqueConstraint("revision_id", "destination", name=op.f("uq_outbox_revision_id_destination")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_visit_id"), ["visit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_visit_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_state"))

    op.drop_table("outbox")
    op.drop_table("judgement")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_visit_id"))

    op.drop_table("decision")
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_revision_visit_id"))

    op.drop_table("revision")
    with op.batch_alter_table("measurement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_measurement_visit_id"))
        batch_op.drop_index(batch_op.f("ix_measurement_child_id"))

    op.drop_table("measurement")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_subject_id"))

    op.drop_table("contact")
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_team_id_state_received_at"))
        batch_op.drop_index(batch_op.f("ix_visit_child_id"))
        batch_op.drop_index(batch_op.f("ix_visit_author_id"))

    op.drop_table("visit")
    with op.batch_alter_table("child", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_child_team_id"))
        batch_op.drop_index(batch_op.f("ix_child_pregnancy_id"))
        batch_op.drop_index(batch_op.f("ix_child_named_visitor_id"))

    op.drop_table("child")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quarantine_revision_ref"))

    op.drop_table("quarantine")
    with op.batch_alter_table("pregnancy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pregnancy_team_id"))
        batch_op.drop_index(batch_op.f("ix_pregnancy_named_visitor_id"))
        batch_op.drop_index(batch_op.f("ix_pregnancy_mother_id"))

    op.drop_table("pregnancy")
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_device_account_id"))

    op.drop_table("device")
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_change_account_id_seq"))

    op.drop_table("change")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_subject_id"))
        batch_op.drop_index(batch_op.f("ix_audit_at"))

    op.drop_table("audit")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_team_id"))

    op.drop_table("account")
    op.drop_table("team")
    with op.batch_alter_table("relationship", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_relationship_person_id"))
        batch_op.drop_index(batch_op.f("ix_relationship_child_id"))

    op.drop_table("relationship")
    with op.batch_alter_table("household_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_household_member_person_id"))
        batch_op.drop_index(batch_op.f("ix_household_member_household_id"))

    op.drop_table("household_member")
    op.drop_table("receipt_counter")
    op.drop_table("provider")
    op.drop_table("person")
    op.drop_table("household")
    op.drop_table("change_counter")
