"""The invented provider: two teams of three visitors and a supervisor each, and one administrator."""

import unicodedata

from hvapp.domain.accounts import Role
from hvapp.domain.synthetic.draw import Draw
from hvapp.domain.synthetic.model import Provider, Staff, Team
from hvapp.domain.synthetic.places import AREAS, CITY

# One name for each visitor of a team in the order of its areas, then the supervisor.
_TEAMS = {
    "Netherby": ("Amira Khan", "Bronwen Pugh", "Chidi Okonkwo", "Sunita Rao"),
    "Millfield": ("Tom Ashworth", "Keisha Campbell", "Marta Wilk", "Helen Strand"),
}
_ADMINISTRATOR = "Joe Tregenza"
_EMAIL_DOMAIN = "demo.hvapp.example"


def make_staff(draw: Draw) -> tuple[Provider, tuple[Team, ...], tuple[Staff, ...]]:
    """The visitors come first among the staff, in the order in which family plans number them."""
    provider = Provider(
        id=draw.id("provider", CITY),
        name=f"{CITY} Community Health (invented)",
        ods_code="ZDEMO",
        safeguarding_name=f"{CITY} safeguarding team (invented)",
        safeguarding_phone="01632 960100",
        home_vaccination=False,
        growth_method="digital",
    )
    teams = tuple(
        Team(draw.id("team", name), provider.id, f"{name} team", f"01632 960{line:03d}")
        for line, name in enumerate(AREAS, start=101)
    )
    visitors, supervisors = [], []
    for team, names in zip(teams, _TEAMS.values(), strict=True):
        *visiting, supervising = names
        visitors += [_person(draw, team, name, Role.HEALTH_VISITOR) for name in visiting]
        supervisors.append(_person(draw, team, supervising, Role.SUPERVISOR))
    administrator = _person(draw, teams[0], _ADMINISTRATOR, Role.ADMINISTRATOR)
    return provider, teams, (*visitors, *supervisors, administrator)


def _person(draw: Draw, team: Team, name: str, role: Role) -> Staff:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return Staff(
        id=draw.id("account", name),
        team_id=team.id,
        email=f"{plain.lower().replace(' ', '.')}@{_EMAIL_DOMAIN}",
        name=name,
        role=role.value,
        job="other_non_registered" if role is Role.ADMINISTRATOR else "scphn",
    )
