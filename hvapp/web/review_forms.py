"""The forms of the review page. Each says what is wrong in words, beside the field and in the summary."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    FieldList,
    Form,
    FormField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)

from hvapp.domain.errors import Invalid
from hvapp.domain.review import LONGEST_QUERY, Query, check_reason, check_return
from hvapp.web.presenters import Problem

QUESTIONS = 3
MOST_QUESTIONS = 10


class ApproveForm(FlaskForm):  # type: ignore[misc]
    """`seen`: what the page asks to look at first, each with a box of its own. `without_photos`: why not to wait."""

    rev_id = HiddenField()
    seen = SelectMultipleField(validate_choice=False)
    without_photos = StringField()


class QuestionForm(Form):  # type: ignore[misc]
    """A question about one answer. The choice of answers is the visit's own, so the page gives it."""

    field_id = SelectField("Answer", choices=[], validate_choice=False, default="")
    comment = StringField("Question", default="")


class ReturnForm(FlaskForm):  # type: ignore[misc]
    rev_id = HiddenField()
    comment = TextAreaField("Comment")
    questions = FieldList(FormField(QuestionForm), max_entries=MOST_QUESTIONS)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # Not min_entries: WTForms fills those from whatever the browser sent under the next numbers.
        while len(self.questions) < QUESTIONS:
            self.questions.append_entry()

    def problems(self, labels: dict[str, str]) -> list[Problem]:
        """What has to be mended before the visit can be sent back; `labels` are the answers one may ask about."""
        problems = []
        try:
            check_return(self.comment.data or "", self._begun())
        except Invalid as error:
            problems.append(Problem(error.message, self.comment.id))
        for number, question in enumerate(self.questions, start=1):
            field_id, text = question.form.field_id, (question.form.comment.data or "").strip()
            if text and field_id.data not in labels:
                problems.append(Problem(f"Choose which answer question {number} is about.", field_id.id))
            elif field_id.data in labels and not text:
                words = f"Write your question about “{labels[field_id.data]}”, or choose no answer."
                problems.append(Problem(words, question.form.comment.id))
            elif len(text) > LONGEST_QUERY:
                words = f"Keep question {number} to {LONGEST_QUERY} characters."
                problems.append(Problem(words, question.form.comment.id))
        return problems

    def _begun(self) -> int:
        """How many questions hold anything: one that is half filled in is mended, not answered with a second demand."""
        return sum(
            bool(one.form.field_id.data or (one.form.comment.data or "").strip()) for one in self.questions
        )

    def asked(self) -> list[Query]:
        pairs: list[tuple[Any, Any]] = [
            (one.form.field_id.data, (one.form.comment.data or "").strip()) for one in self.questions
        ]
        return [Query(field_id, text) for field_id, text in pairs if field_id and text]


class AgreeForm(FlaskForm):  # type: ignore[misc]
    rev_id = HiddenField()


class KeepForm(AgreeForm):
    why = TextAreaField("Why")


class ReasonForm(FlaskForm):  # type: ignore[misc]
    reason = StringField("Reason")

    def problem(self) -> Problem | None:
        try:
            check_reason(self.reason.data or "")
        except Invalid as error:
            return Problem(error.message, self.reason.id)
        return None
