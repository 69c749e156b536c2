"""What a campaign will do, worked out from its seed before it begins."""

from dataclasses import dataclass
from random import Random

_VISITS_OF_A_ROUND = 250
_MOST_ROUNDS = 40


@dataclass(frozen=True)
class Round:
    """`kills`: seconds after the round's start. `month`: tablets that first lie in a drawer for a month."""

    number: int
    kills: tuple[float, ...]
    back_up: bool
    restore: bool
    month: tuple[str, ...]
    revoke: str | None
    switch_off: bool
    rotate_key: bool


@dataclass(frozen=True)
class Plan:
    seed: str
    visits: int
    visitors: int
    tablets: tuple[tuple[str, tuple[int, ...]], ...]  # a tablet's id, and whose it is by number
    children: int
    rounds: tuple[Round, ...]

    @property
    def visits_of_a_round(self) -> int:
        """For each tablet; rounded up, so that the campaign is never smaller than asked."""
        return -(-self.visits // (len(self.rounds) * len(self.tablets)))


def make_plan(seed: str, visits: int, rounds: int | None = None) -> Plan:
    """`rounds`: how often everything stops for a comparison; by default it follows from the visits."""
    random = Random(f"{seed}|plan")
    count = max(4, min(24, visits // 300))
    visitors = max(2, count * 2 // 3)
    # Some visitors have two tablets, and every fourth tablet two visitors.
    tablets = tuple(
        (f"t{n + 1}", (n % visitors, (n + 1) % visitors) if n % 4 == 3 else (n % visitors,))
        for n in range(count)
    )
    length = rounds or max(3, min(_MOST_ROUNDS, visits // _VISITS_OF_A_ROUND))
    # Nothing is put back that is older than what tablets may have let go of since: a month's confirmed visits, and
    # what a revoked tablet had delivered.
    last = max(2, length * 3 // 4)
    restores = set(random.sample(range(1, last), k=1 if length < 8 else 3))
    months = {length // 3, 2 * length // 3} - {0}
    switched_off = length * 2 // 3
    names = [name for name, _ in tablets]

    def in_use(number: int) -> list[str]:
        """Tablets that the office leaves alone in this round: only they can be told what is confirmed."""
        return [
            name
            for name, owners in tablets
            if not (number == last and name == names[-1]) and not (number == switched_off and owners[0] == 0)
        ]

    planned = tuple(
        Round(
            number=number,
            kills=tuple(random.uniform(0.1, 4.0) for _ in range(random.choice((1, 1, 2)))),
            back_up=number + 1 in restores or random.random() < 0.2,
            restore=number in restores,
            month=tuple(random.sample(in_use(number), k=max(1, count // 4))) if number in months else (),
            revoke=names[-1] if number == last else None,
            switch_off=number == switched_off,
            rotate_key=number % 5 == 2,
        )
        for number in range(length)
    )
    return Plan(seed, visits, visitors, tablets, max(40, visits // 4), planned)
