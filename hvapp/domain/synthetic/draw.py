"""Chance that can be repeated, and numbers that are given out once."""

import uuid
from collections.abc import Iterator
from random import Random

_NAMESPACE = uuid.UUID("5c0f6f2e-3f2b-5d0e-9a53-7d1c9f0b6a11")
_NHS_WEIGHTS = range(10, 1, -1)


class Draw:
    """Everything that depends on the seed. A stream depends on its name alone, not on what was drawn before."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._numbers = self._nhs_numbers()
        self._phones = self._mobile_numbers()

    def stream(self, name: str) -> Random:
        return Random(f"{self.seed}/{name}")  # noqa: S311  (invents people, keeps no secrets)

    def id(self, kind: str, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self.seed}/{kind}/{name}"))

    def nhs_number(self) -> str:
        """A valid number from 999 000 0000 to 999 999 9999, a range kept for tests; never the same twice."""
        return next(self._numbers)

    def mobile_number(self) -> str:
        """One of the thousand mobile numbers that Ofcom keeps for drama; repeats after a thousand."""
        return next(self._phones)

    def _nhs_numbers(self) -> Iterator[str]:
        rng = self.stream("nhs numbers")
        for middle in rng.sample(range(1_000_000), 10_000):
            nine = f"999{middle:06d}"
            weighted = sum(int(digit) * weight for digit, weight in zip(nine, _NHS_WEIGHTS, strict=True))
            check = (11 - weighted % 11) % 11
            if check != 10:
                yield f"{nine}{check}"

    def _mobile_numbers(self) -> Iterator[str]:
        endings = self.stream("phones").sample(range(1000), 1000)
        while True:
            yield from (f"07700 900{ending:03d}" for ending in endings)
