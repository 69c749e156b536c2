"""What the supervisor read is what may leave: answers to questions that were not shown stay behind.

A tablet keeps an answer when the question above it changes and hides it ("stopped breastfeeding in May", after the
feeding answer was corrected to "only breast milk"). The read-out leaves it out, so nobody approved it.
"""

from dataclasses import replace

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.facts import ChildFacts, build_facts
from hvapp.domain.forms.logic import look
from hvapp.domain.redbook import ApprovedRecord


def as_read(record: ApprovedRecord, form: FormDefinition) -> ApprovedRecord:
    """The record with the answers to visible questions only; unusable ones go too."""
    child = ChildFacts(record.child.birth_date, record.child.sex, record.child.gestation_days)
    facts = build_facts(child, record.answers, record.approved_at, form)
    return replace(record, answers=look(form, record.answers, facts).answers)
