"""Families that every demonstration needs to have, whatever the seed: the edges of the work, each on purpose.

Visitors are numbered 0 to 5: 0 to 2 in the first team, 3 to 5 in the second.
"""

from hvapp.domain.synthetic.family_plan import Birth, Expected, FamilyPlan


def weeks(whole: int, days: int) -> int:
    return whole * 7 + days


_NO_NEW_BIRTH = frozenset({"new_birth"})
_NO_REVIEW_AT_ONE = frozenset({"one_year"})
_GIRL, _BOY = ("female",), ("male",)

CAST: tuple[FamilyPlan, ...] = (
    # Twins born at 36+6, not seen yet.
    FamilyPlan(
        "two_parents",
        "west_african",
        (Birth(9, weeks(36, 6), ("female", "male"), without=_NO_NEW_BIRTH),),
        visitor=0,
        cast="twins",
        need_level="targeted",
    ),
    # Two families of one name in one street, with babies born on the same day.
    FamilyPlan(
        "two_parents",
        "south_asian",
        (Birth(12, weeks(39, 3), _GIRL, without=_NO_NEW_BIRTH),),
        visitor=0,
        cast="neighbours",
    ),
    FamilyPlan(
        "two_parents",
        "south_asian",
        (Birth(12, weeks(40, 1), _GIRL, without=_NO_NEW_BIRTH),),
        visitor=0,
        cast="namesakes",
        next_door="neighbours",
    ),
    FamilyPlan(
        "multi_generational",
        "south_asian",
        (Birth(640, weeks(38, 4), _BOY), Birth(6, weeks(38, 2), _GIRL, without=_NO_NEW_BIRTH)),
        visitor=0,
        cast="three generations",
        language="ur",
        interpreter=True,
        older_siblings=1,
    ),
    FamilyPlan(
        "mother",
        "british",
        (Birth(75, weeks(31, 6), _BOY, without=frozenset({"six_eight_week"}), attempts=1),),
        visitor=0,
        cast="very preterm",
        child_protection_plan=True,
        need_level="targeted",
    ),
    FamilyPlan(
        "two_parents",
        "british",
        (Birth(11, weeks(37, 0), _GIRL, without=_NO_NEW_BIRTH),),
        visitor=0,
        cast="early term",
        staff_risk="Large dog. Ask for it to be shut in another room before you go in.",
    ),
    FamilyPlan(
        "two_parents",
        "romanian",
        (Birth(3, weeks(39, 5), _BOY, nhs_number=False),),
        visitor=0,
        cast="not traced",
        language="ro",
    ),
    FamilyPlan(
        "mother",
        "british",
        (Birth(412, weeks(40, 2), _GIRL, without=_NO_REVIEW_AT_ONE, attempts=2),),
        visitor=0,
        cast="overdue review",
        need_level="community",
    ),
    FamilyPlan(
        "two_parents",
        "east_european",
        (Birth(15, weeks(40, 4), _BOY, without=_NO_NEW_BIRTH, story="clean"),),
        visitor=0,
        cast="to review",
        language="pl",
    ),
    FamilyPlan(
        "two_mothers",
        "british",
        (Birth(16, weeks(39, 0), _GIRL, without=_NO_NEW_BIRTH, story="returned"),),
        visitor=0,
        cast="sent back",
    ),
    FamilyPlan(
        "two_parents",
        "caribbean",
        (Birth(18, weeks(39, 6), _GIRL, without=_NO_NEW_BIRTH, story="approved"),),
        visitor=0,
        cast="approved",
    ),
    FamilyPlan(
        "two_parents",
        "british",
        (Birth(7, weeks(38, 6), _BOY, without=_NO_NEW_BIRTH, story="weight loss"),),
        visitor=1,
        cast="losing weight",
    ),
    FamilyPlan(
        "mother",
        "british",
        (Birth(17, weeks(38, 3), _GIRL, without=_NO_NEW_BIRTH, story="sent again"),),
        visitor=1,
        cast="sent again",
    ),
    FamilyPlan(
        "two_mothers",
        "british",
        (Birth(20, weeks(40, 0), _BOY),),
        visitor=1,
        cast="two mothers",
    ),
    FamilyPlan(
        "mother",
        "ukrainian",
        (Birth(430, None, _GIRL),),
        visitor=1,
        cast="gestation not known",
        language="uk",
        interpreter=True,
        moved_in_days_ago=16,
    ),
    FamilyPlan(
        "two_parents",
        "arabic",
        (Birth(155, weeks(32, 0), _BOY),),
        visitor=1,
        cast="preterm",
        need_level="targeted",
        language="ar",
        interpreter=True,
    ),
    FamilyPlan(
        "two_parents",
        "british",
        (Birth(49, weeks(33, 4), ("female", "female", "male"), without=frozenset({"six_eight_week"})),),
        visitor=2,
        cast="triplets",
        need_level="targeted",
        older_siblings=1,
    ),
    FamilyPlan(
        "foster",
        "british",
        (Birth(160, weeks(37, 5), _BOY),),
        visitor=2,
        cast="foster care",
        need_level="specialist",
    ),
    FamilyPlan(
        "two_parents",
        "south_asian",
        (Birth(14, weeks(38, 1), _GIRL, without=_NO_NEW_BIRTH, growth="small", story="small"),),
        visitor=2,
        cast="small baby",
    ),
    FamilyPlan(
        "mother",
        "somali",
        (Birth(8, weeks(40, 3), ("not_known",), without=_NO_NEW_BIRTH),),
        visitor=3,
        cast="sex not known",
        need_level="targeted",
        language="so",
        interpreter=True,
    ),
    FamilyPlan("father", "british", (Birth(310, weeks(39, 2), _GIRL),), visitor=3, cast="father"),
    FamilyPlan(
        "two_parents",
        "chinese",
        (Birth(13, weeks(37, 0), _BOY, without=_NO_NEW_BIRTH, story="clean"),),
        visitor=3,
        cast="to review, second team",
    ),
    FamilyPlan(
        "grandparents",
        "british",
        (Birth(490, weeks(38, 0), _GIRL),),
        visitor=4,
        cast="kinship care",
        need_level="specialist",
    ),
    FamilyPlan(
        "two_parents",
        "south_asian",
        (Birth(215, weeks(39, 4), _BOY, growth="falters"),),
        visitor=4,
        cast="faltering growth",
        need_level="targeted",
    ),
    FamilyPlan(
        "two_parents",
        "british",
        (Birth(24, weeks(41, 6), _BOY),),
        visitor=4,
        cast="late",
    ),
    FamilyPlan(
        "two_parents",
        "west_african",
        (Birth(17, weeks(40, 5), _BOY, without=_NO_NEW_BIRTH, story="late entry"),),
        visitor=4,
        cast="late entry",
    ),
    FamilyPlan(
        "two_parents",
        "british",
        (Birth(425, weeks(27, 3), _GIRL),),
        visitor=5,
        cast="extremely preterm",
        need_level="targeted",
    ),
    FamilyPlan("two_homes", "british", (Birth(670, weeks(40, 0), _BOY),), visitor=5, cast="two homes"),
    FamilyPlan(
        "mother",
        "british",
        (Birth(34, weeks(39, 1), _BOY, without=_NO_NEW_BIRTH, attempts=2),),
        visitor=5,
        cast="not seen",
        need_level="targeted",
        staff_risk="Visit in pairs: threats from a former partner, who may come to the house.",
    ),
    FamilyPlan(
        "two_parents",
        "east_european",
        (Birth(19, weeks(38, 5), _GIRL, without=_NO_NEW_BIRTH, story="approved"),),
        visitor=5,
        cast="approved, second team",
    ),
    FamilyPlan(
        "two_parents",
        "arabic",
        (Birth(500, weeks(39, 0), _GIRL),),
        Expected(due_in_days=40),
        visitor=0,
        cast="another on the way",
    ),
)

ANTENATAL_CAST: tuple[FamilyPlan, ...] = (
    FamilyPlan(
        "two_parents",
        "british",
        (),
        Expected(due_in_days=-3, seen=False),
        visitor=0,
        cast="past the due date",
    ),
    FamilyPlan(
        "mother",
        "arabic",
        (),
        Expected(due_in_days=20, seen=False),
        visitor=0,
        cast="antenatal overdue",
        language="ar",
        interpreter=True,
        need_level="targeted",
    ),
    FamilyPlan(
        "two_parents",
        "caribbean",
        (),
        Expected(due_in_days=31, seen=False),
        visitor=0,
        cast="antenatal due soon",
    ),
    FamilyPlan(
        "two_parents", "british", (), Expected(due_in_days=55, births=2), visitor=4, cast="twins expected"
    ),
)
