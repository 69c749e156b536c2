"""Systems, profiles and codes of the messages, each with where it was read.

Profiles and their fixed values: UK Core R4 (NHSDigital/FHIR-R4-UKCORE-STAGING-MAIN). Feeding code systems and linkIds:
DCH-FeedingStatus-QuestionnaireResponse-1. Notes and plan: DCH-ProfessionalComment-Communication-1,
DCH-ParentGuardianOrPersonalComment-Communication-1, DCH-PlanAndRequestedActions-CarePlan-1. Centile and SDS codes:
RCPCH digital growth charts, SNOMED codes page.
"""

from dataclasses import dataclass

UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
UUID_IDENTIFIER = "https://tools.ietf.org/html/rfc4122"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
CHILD_HEALTH_EVENT = "https://fhir.nhs.uk/STU3/CodeSystem/DCH-ChildHealthEventType-1"
PROFESSIONAL_COMMENT = "https://fhir.nhs.uk/STU3/CodeSystem/DCH-ProfessionalCommentType-1"
CHILD_HEALTH_ENCOUNTER = "https://fhir.nhs.uk/STU3/CodeSystem/DCH-ChildHealthEncounterType-1"
FEEDING_STATUS = "https://fhir.nhs.uk/STU3/CodeSystem/NHSDataDictionary-BreastfeedingStatus-1"
FIRST_FEED = "https://fhir.nhs.uk/STU3/CodeSystem/NHSDataDictionary-BabyFirstFeedBreastMilkStatus-1"
HEALTH_VISITING = "1078501000000104"
PLAN = "887201000000105"
PLAN_DISPLAY = "Plan and Requested Actions (record artifact)"
ENTERED_IN_ERROR = "entered-in-error"
NEXT_CONTACT = "Next contact with the health visiting team"

# The questionnaire has no published address yet. ".example" is reserved and can never be somebody else's.
QUESTIONNAIRES = {"feeding": "https://hvapp.example/fhir/Questionnaire/feeding-status|1"}

ENCOUNTER_TYPES = {
    "0019": "2-2 ½ Year Early Years Progress",
    "0020": "2-2 ½ Year Heath Visitor Review",
    "0021": "1 Year Health Review",
    "0022": "6-8 Week Health Visitor review",
    "0023": "New Baby Health Visitor Review",
    "0026": "Ad-hoc Health Review",
}


@dataclass(frozen=True)
class NoteKind:
    """A kind of note the red book takes, with the category that says so, and whether it is the parent's own."""

    system: str
    code: str
    display: str
    from_parent: bool = False


# The national profile of a parent's comment has no category of its own, so the event's code tells it apart.
COMMUNICATIONS = {
    "professional_summary": NoteKind(PROFESSIONAL_COMMENT, "012", "Professional Summary"),
    "parent_comment": NoteKind(
        CHILD_HEALTH_EVENT, "CH022", "Parent Guardian or Personal Comment", from_parent=True
    ),
}


@dataclass(frozen=True)
class GrowthCodes:
    """SNOMED codes for the centile and the SDS of one kind of measurement, and its plain name."""

    name: str
    centile: str
    sds: str


@dataclass(frozen=True)
class Measure:
    """One measurement the red book takes. Displays are the code systems' own, misspellings included."""

    profile: str
    loinc: str
    loinc_display: str
    snomed: str
    snomed_display: str
    ucum: str
    unit: str
    at_birth: bool
    growth: GrowthCodes


_WEIGHT = GrowthCodes("Weight", "1153592008", "1153593003")
_LENGTH = GrowthCodes("Length", "1153591001", "1153590000")
_HEIGHT = GrowthCodes("Height", "1153605006", "1153604005")
_HEAD = GrowthCodes("Head circumference", "1153595005", "1153594009")
_BODY_WEIGHT = UK_CORE + "Observation-VitalSigns-BodyWeight"
_BODY_HEIGHT = UK_CORE + "Observation-VitalSigns-BodyHeight"
_HEAD_SIZE = UK_CORE + "Observation-VitalSigns-HeadCircumference"
# UK Core has no profile for lying length; the plain vital-signs one asks for LOINC and SNOMED both.
_VITAL_SIGNS = UK_CORE + "Observation-VitalSigns"
_OFC = "Head Occipital-frontal circumference"

MEASURES = {
    "body_weight": Measure(
        _BODY_WEIGHT, "29463-7", "Body weight", "27113001", "Body weight", "kg", "kilogram", False, _WEIGHT
    ),
    "birth_weight": Measure(
        _BODY_WEIGHT, "29463-7", "Body weight", "364589006", "Birth weight", "kg", "kilogram", True, _WEIGHT
    ),
    "body_length": Measure(
        _VITAL_SIGNS,
        "8306-3",
        "Body height --lying",
        "248334005",
        "Length of body",
        "cm",
        "centimeter",
        False,
        _LENGTH,
    ),
    "body_height": Measure(
        _BODY_HEIGHT,
        "8302-2",
        "Body height",
        "50373000",
        "Body height measure",
        "cm",
        "centimeter",
        False,
        _HEIGHT,
    ),
    "head_circumference": Measure(
        _HEAD_SIZE, "9843-4", _OFC, "363812007", "Head circumference", "cm", "centimeter", False, _HEAD
    ),
    "birth_head_circumference": Measure(
        _HEAD_SIZE, "9843-4", _OFC, "169876006", "Birth head circumference", "cm", "centimeter", True, _HEAD
    ),
}


@dataclass(frozen=True)
class CodedItem:
    """A question of the DCH feeding record: its fixed words and, when the answer is coded, the system and its codes."""

    text: str
    system: str | None = None
    displays: tuple[tuple[str, str], ...] = ()

    def display(self, code: str) -> str | None:
        return dict(self.displays).get(code)


FEEDING_ITEMS = {
    "firstMilkFeed": CodedItem(
        "First Milk Feed",
        FIRST_FEED,
        (("01", "Maternal breast milk"), ("02", "Donor breast milk"), ("03", "Not breast milk")),
    ),
    "feedingStatus": CodedItem(
        "Feeding Status of the baby",
        FEEDING_STATUS,
        (
            ("01", "Exclusively breast milk feeding"),
            ("02", "Partially breast milk feeding"),
            ("03", "No breast milk feeding at all"),
        ),
    ),
    "introductionOfSolids": CodedItem("Introduction of Solids"),
    "approximateDateBreastfeedingStopped": CodedItem(
        "Date of last breast milk feed to the nearest month and year"
    ),
    "feedingConcerns": CodedItem("Feeding Concerns"),
}
