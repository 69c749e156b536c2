"""The stand-in's FHIR service: what a sender sees."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from sync import fhir_json
from sync.redbook_stub.faults import KINDS, Faults
from sync.redbook_stub.pages import add_pages
from sync.redbook_stub.rules import Issue, Refused
from sync.redbook_stub.store import Store, Stored
from sync.redbook_stub.transactions import apply_transaction, belongs_to, find_patients

LARGEST_BODY = 3 * 1024 * 1024
CLINICAL = ("Encounter", "Observation", "QuestionnaireResponse", "Communication", "CarePlan")
_TAKEN = ("application/fhir+json", "application/json")

fhir = Blueprint("fhir", __name__, url_prefix="/fhir")


def create_redbook(data: Path, *, faults_by_http: bool = False) -> Flask:
    """The stand-in, its records kept under `data`. `faults_by_http` opens an address that orders trouble, for tests."""
    app = Flask("sync.redbook_stub", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.extensions["redbook_store"] = Store(data / "redbook.db")
    app.extensions["redbook_faults"] = Faults()
    app.register_blueprint(fhir)
    add_pages(app)
    if faults_by_http:
        app.add_url_rule("/faults/<kind>", view_func=_order_fault, methods=["POST"])
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _not_served)
    return app


def _store() -> Store:
    store: Store = current_app.extensions["redbook_store"]
    return store


@fhir.before_request
def _trouble() -> Response | None:
    faults: Faults = current_app.extensions["redbook_faults"]
    return None if request.path.endswith("/metadata") else faults.take()


@fhir.get("/metadata")
def capabilities() -> Response:
    resources = [{"type": "Patient", "interaction": [{"code": "read"}, {"code": "search-type"}]}]
    resources += [{"type": kind, "interaction": resources[0]["interaction"]} for kind in CLINICAL]
    return _answer(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-11-21",
            "kind": "instance",
            "software": {"name": "hvapp demonstration red book"},
            "implementation": {
                "description": "A stand-in for demonstrations and tests. Not the real red book."
            },
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json"],
            "rest": [{"mode": "server", "resource": resources, "interaction": [{"code": "transaction"}]}],
        }
    )


@fhir.post("", strict_slashes=False)
def transaction() -> Response:
    if request.mimetype not in _TAKEN:
        raise Refused(415, Issue("not-supported", "Bundle", "Send application/fhir+json."))
    try:
        bundle = fhir_json.loads(request.get_data())
    except fhir_json.NotFhirJson as error:
        raise Refused(400, Issue("structure", "Bundle", "The body is not JSON.")) from error
    return _answer(apply_transaction(_store(), bundle))


@fhir.get("/Patient")
def search_patients() -> Response:
    return _search_patients(request.args.get("identifier"))


@fhir.post("/Patient/_search")
def search_patients_by_post() -> Response:
    return _search_patients(request.form.get("identifier"))


def _search_patients(identifier: str | None) -> Response:
    if not identifier:
        raise Refused(400, Issue("required", "Patient", "Search for a child by identifier."))
    return _found(find_patients(_store(), identifier))


@fhir.get(f"/<any({', '.join(CLINICAL)}):kind>")
def search_records(kind: str) -> Response:
    patient = request.args.get("patient") or request.args.get("subject")
    if not patient:
        raise Refused(400, Issue("required", kind, "Search for one child's records, by patient."))
    return _found(list(belongs_to(patient.removeprefix("Patient/"), _store().current(kind))))


@fhir.get("/<kind>/<name>")
def read(kind: str, name: str) -> Response:
    stored = _store().read(kind, name)
    if stored is None or stored.deleted:
        status = 404 if stored is None else 410
        raise Refused(
            status, Issue("not-found" if stored is None else "deleted", kind, "There is no such record.")
        )
    answer = _answer(stored.resource)
    answer.headers["ETag"] = f'W/"{stored.version}"'
    return answer


@fhir.get("/<kind>/<name>/_history")
def history(kind: str, name: str) -> Response:
    return _found(_store().history(kind, name), "history")


def _found(resources: list[Stored], kind: str = "searchset") -> Response:
    base = request.url_root.rstrip("/") + "/fhir"
    entries = [
        {"fullUrl": f"{base}/{one.resource_type}/{one.id}", "resource": one.resource} for one in resources
    ]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": kind, "total": len(entries)}
    return _answer(bundle | ({"entry": entries} if entries else {}))


def _answer(resource: dict[str, Any], status: int = 200) -> Response:
    answer = Response(
        fhir_json.dumps(resource), status, content_type=f"{fhir_json.CONTENT_TYPE}; charset=utf-8"
    )
    answer.headers["Cache-Control"] = "no-store"
    if wanted := request.headers.get("X-Request-Id"):
        answer.headers["X-Request-Id"] = wanted
    return answer


def _refused(error: Refused) -> Response:
    issues = [issue.as_fhir() for issue in error.issues]
    return _answer({"resourceType": "OperationOutcome", "issue": issues}, error.status)


def _not_served(error: HTTPException) -> Response | HTTPException:
    """FHIR addresses answer in FHIR, also when there is nothing at them."""
    if not request.path.startswith("/fhir"):
        return error
    code = {404: "not-found", 405: "not-supported", 413: "too-long"}.get(error.code or 500, "processing")
    return _refused(Refused(error.code or 500, Issue(code, request.method, error.name)))


def _order_fault(kind: str) -> Response:
    faults: Faults = current_app.extensions["redbook_faults"]
    if kind not in KINDS:
        return Response(status=404)
    faults.give(kind, request.args.get("times", default=1, type=int))
    return Response(status=204)
