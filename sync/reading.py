"""What the supervisor read is what may leave: answers to questions that were not shown stay behind, and so do a
tablet's own centiles.

A tablet keeps an answer when the question above it changes and hides it ("stopped breastfeeding in May", after the
feeding answer was corrected to "only breast milk"). The read-out leaves it out, so nobody approved it. It also shows
the centiles that the charts here give; a tablet's may be wrong, and are words that nobody has checked.
"""

from dataclasses import replace

from hvapp.domain.forms import FormDefinition
from hvapp.domain.forms.facts import ChildFacts, build_facts, derive
from hvapp.domain.forms.logic import look
from hvapp.domain.redbook import ApprovedRecord


def as_read(record: ApprovedRecord, form: FormDefinition) -> ApprovedRecord:
    """The record with the answers to visible questions only, and our centiles; unusable answers go too."""
    child = ChildFacts(record.child.birth_date, record.child.sex, record.child.gestation_days)
    method = record.growth_method
    facts = build_facts(child, record.answers, record.approved_at, form, method=method)
    answers = look(form, record.answers, facts).answers
    derived = derive(child, answers, record.approved_at, form, method=method)
    return replace(record, answers=answers, derived=derived)
