"""One table from what the red book answered to what becomes of the message; every row of it is here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.outcomes import TABLE, Answer, issues_of, settle_by_table

DONE = {"body": "transaction", "expected": 2, "entries": (200, 201)}

CASES = [
    ("timeout", "retry", Answer(failure="timeout")),
    ("unreachable", "retry", Answer(failure="connection")),
    ("name_not_found", "retry", Answer(failure="name")),
    ("not_trusted", "retry", Answer(failure="certificate")),
    ("wrong_address", "paused", Answer(failure="address")),
    ("answer_too_long", "retry", Answer(failure="too_long")),
    ("answer_broken", "retry", Answer(failure="broken")),
    ("stored", "sent", Answer(status=200, body="transaction", expected=2, entries=(200, 201))),
    ("stored", "sent", Answer(status=201, body="transaction", expected=1, entries=(204,))),
    ("partly_failed", "retry", Answer(status=200, body="transaction", expected=2, entries=(201, 500))),
    ("partly_refused", "dead", Answer(status=200, body="transaction", expected=2, entries=(201, 422))),
    ("not_the_red_book", "retry", Answer(status=200, body="not_fhir")),
    ("unclear", "retry", Answer(status=200, body="transaction", expected=3, entries=(200, 201))),
    ("unclear", "retry", Answer(status=200, body="other_json")),
    ("unclear", "retry", Answer(status=200, body="outcome")),
    ("unclear", "retry", Answer(status=200, body="empty")),
    ("unclear", "retry", Answer(status=202)),
    ("unclear", "retry", Answer(status=204)),
    ("redirected", "retry", Answer(status=302, body="not_fhir")),
    ("redirected", "retry", Answer(status=308)),
    ("signed_out", "paused", Answer(status=401, body="outcome")),
    ("signed_out", "paused", Answer(status=403)),
    ("proxy_credentials", "paused", Answer(status=407, body="not_fhir")),
    ("refused", "dead", Answer(status=404, body="outcome")),
    ("wrong_address", "paused", Answer(status=404, body="not_fhir")),
    ("wrong_address", "paused", Answer(status=410)),
    ("wrong_dialect", "paused", Answer(status=405)),
    ("wrong_dialect", "paused", Answer(status=415, body="outcome")),
    ("wrong_dialect", "paused", Answer(status=501)),
    ("timeout", "retry", Answer(status=408)),
    ("busy", "retry", Answer(status=429)),
    ("changed_meanwhile", "retry", Answer(status=409, body="outcome")),
    ("more_than_one_child", "dead", Answer(status=412, body="outcome")),
    ("too_large", "dead", Answer(status=413, body="not_fhir")),
    ("refused", "dead", Answer(status=400, body="outcome")),
    ("refused", "dead", Answer(status=422, body="outcome")),
    ("not_the_red_book", "retry", Answer(status=400, body="not_fhir")),
    ("refused", "dead", Answer(status=422, body="empty")),
    ("busy", "retry", Answer(status=503)),
    ("red_book_fault", "retry", Answer(status=500, body="outcome")),
    ("red_book_fault", "retry", Answer(status=502, body="not_fhir")),
    ("red_book_fault", "retry", Answer(status=504)),
    ("unclear", "retry", Answer(status=100)),
    ("unclear", "retry", Answer()),
]


@pytest.mark.parametrize(("reason", "kind", "answer"), CASES)
def test_the_table(reason: str, kind: str, answer: Answer) -> None:
    outcome = settle_by_table(answer)
    assert (outcome.reason_code, outcome.kind) == (reason, kind)
    assert outcome.http_status == answer.status


def test_every_row_has_a_case() -> None:
    reached = [next(number for number, row in enumerate(TABLE) if row.fits(answer)) for _, _, answer in CASES]
    assert set(reached) == set(range(len(TABLE)))


@given(
    st.builds(
        Answer,
        status=st.none() | st.integers(0, 999),
        body=st.sampled_from(["transaction", "outcome", "other_json", "not_fhir", "empty"]),
        entries=st.lists(st.integers(100, 599), max_size=4).map(tuple),
        expected=st.integers(0, 4),
    )
)
def test_only_a_whole_and_clean_answer_counts_as_sent(answer: Answer) -> None:
    outcome = settle_by_table(answer)
    if outcome.kind == "sent":
        assert answer.body == "transaction"
        assert len(answer.entries) == answer.expected
        assert all(200 <= status < 300 for status in answer.entries)


def test_the_words_are_for_people() -> None:
    for row in TABLE:
        assert row.says.endswith(".") and "HTTP" not in row.says and "payload" not in row.says


def test_a_retry_keeps_the_wait_the_red_book_asked_for() -> None:
    assert settle_by_table(Answer(status=503, retry_after_seconds=120)).retry_after_seconds == 120
    assert settle_by_table(Answer(status=422, retry_after_seconds=120)).retry_after_seconds is None


def test_what_was_stored_keeps_its_name_at_the_other_side() -> None:
    answer = Answer(
        status=200, body="transaction", expected=1, entries=(201,), reference="Encounter/1/_history/1"
    )
    assert settle_by_table(answer).reference == "Encounter/1/_history/1"


def test_a_refusal_names_the_place_and_not_the_child() -> None:
    """Diagnostics often quote what was sent. Only codes and places are kept, and no long number in them."""
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "value",
                "expression": ["Bundle.entry[2].resource.valueQuantity.code"],
                "diagnostics": "Amelia Okafor 9990000018: unit g is not kg",
            },
            {"severity": "error", "code": "invalid", "expression": ["Patient.where(value='9990000018')"]},
            {"severity": "information", "code": "informational"},
            {"severity": "fatal", "code": "<b>x</b>", "location": "not a list"},
            "not an issue",
        ],
    }
    issues = issues_of(outcome)
    assert issues == (
        "value at Bundle.entry[2].resource.valueQuantity.code",
        "invalid at Patient.where(value)",
        "bxb",
    )
    said = settle_by_table(Answer(status=422, body="outcome", issues=issues)).detail
    assert "It named: value at Bundle.entry[2]" in said
    assert "Amelia" not in said and "9990000018" not in said


@pytest.mark.parametrize(
    "resource", [{}, {"issue": None}, {"issue": "x"}, {"issue": [None, {}, {"severity": 1}]}]
)
def test_an_odd_operation_outcome_says_nothing(resource: dict[str, object]) -> None:
    assert issues_of(resource) == ()
