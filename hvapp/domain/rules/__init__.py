"""The clinical rules: what the tablet and the server say alike about the same child.

Thresholds, sources and words are data, in `hvapp/rules`. What a rule works out from them is a small pure function here
and another in `static/src/rules`; the tables of cases in `tests/contract/rules` and a property test hold both together.
"""

from hvapp.domain.rules.evaluate import UnknownInput, UnknownRule, evaluate
from hvapp.domain.rules.library import RuleBook, rule_book

__all__ = ["RuleBook", "UnknownInput", "UnknownRule", "evaluate", "rule_book"]
