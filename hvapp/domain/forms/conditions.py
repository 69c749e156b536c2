"""What a condition may not say: fields or facts that are not there, or stand below, and comparisons that do not fit."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hvapp.domain.forms.definition import Condition, Field, FormDefinition
from hvapp.domain.forms.rule_fact_sources import FLAGS, TEXTS, WORDS

_ORDER = ("at_least", "at_most", "more_than", "less_than")
_OPERATORS = ("is", "is_not", "in", "not_in", "includes", "answered", *_ORDER)
_OPERATORS_OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "integer": ("answered", "is", "is_not", "in", "not_in", *_ORDER),
    "decimal": ("answered", *_ORDER),
    "yes_no": ("answered", "is", "is_not"),
    "choice": ("answered", "is", "is_not", "in", "not_in"),
    "choices": ("answered", "includes"),
    "yes_no_each": ("answered", "includes"),
}


def condition_mistakes(
    where: str,
    condition: Any,
    fields: Mapping[str, Field],
    form: FormDefinition,
    any_fact: bool = False,
) -> Iterator[str]:
    """Mistakes of one condition; `fields` are those it may name: what is shown may only hang on what stands above."""
    if not isinstance(condition, Mapping) or not condition:
        yield f"{where}: a condition should be a mapping, such as {{field: mode, is: phone}}"
        return
    joined = [key for key in ("all", "any", "not") if key in condition]
    if joined:
        inner = condition[joined[0]]
        if len(condition) > 1:
            yield f'{where}: "{joined[0]}" stands alone in its condition'
        elif joined[0] == "not":
            yield from condition_mistakes(where, inner, fields, form, any_fact)
        elif not isinstance(inner, list) or not inner:
            yield f'{where}: "{joined[0]}" needs a list of conditions'
        else:
            for one in inner:
                yield from condition_mistakes(where, one, fields, form, any_fact)
        return
    yield from _comparison_mistakes(where, condition, fields, form, any_fact)


def _comparison_mistakes(
    where: str, condition: Condition, fields: Mapping[str, Field], form: FormDefinition, any_fact: bool
) -> Iterator[str]:
    operators = [key for key in condition if key not in ("field", "fact")]
    if ("field" in condition) == ("fact" in condition) or len(operators) != 1:
        yield f"{where}: a condition names one field or one fact and one comparison"
        return
    operator, wanted = operators[0], condition[operators[0]]
    if operator not in _OPERATORS:
        yield f'{where}: "{operator}" is not a comparison; there are {", ".join(_OPERATORS)}'
        return
    if "field" in condition:
        one = fields.get(str(condition["field"]))
        if one is None:
            known = form.field(str(condition["field"])) is not None
            why = (
                "stands below: what is shown may only hang on what stands above"
                if known
                else "does not exist"
            )
            yield f'{where}: the field "{condition["field"]}" {why}'
            return
        allowed = _OPERATORS_OF_TYPE.get(one.type, ("answered",))
        if operator not in allowed:
            yield f'{where}: "{operator}" does not fit "{one.id}", a {one.type}; {" and ".join(allowed)} do'
            return
        yield from _value_mistakes(where, operator, wanted, one)
    else:
        yield from _fact_mistakes(where, str(condition["fact"]), operator, wanted, fields, form, any_fact)


def _value_mistakes(where: str, operator: str, wanted: Any, one: Field) -> Iterator[str]:
    if operator == "answered":
        if not isinstance(wanted, bool):
            yield f'{where}: "answered" is true or false'
    elif operator in _ORDER:
        yield from _number_mistakes(where, operator, wanted)
    elif operator in ("in", "not_in") and not (isinstance(wanted, list) and wanted):
        yield f'{where}: "{operator}" needs a list'
    elif one.type == "yes_no":
        if not isinstance(wanted, bool):
            yield f'{where}: "{one.id}" is true or false'
    elif one.type == "integer":
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in _each(wanted)):
            yield f'{where}: "{one.id}" is a whole number'
    else:
        for value in _each(wanted):
            if not isinstance(value, str) or one.option(value) is None:
                yield f'{where}: "{value}" is not an option of "{one.id}"'


def _fact_mistakes(
    where: str,
    fact: str,
    operator: str,
    wanted: Any,
    fields: Mapping[str, Field],
    form: FormDefinition,
    any_fact: bool,
) -> Iterator[str]:
    sources = form.fact_sources.get(fact)
    if sources is None:
        yield f'{where}: there is no fact "{fact}" in this form; there are {", ".join(form.fact_sources)}'
        return
    below = [source for source in sources if source not in fields]
    if below and not any_fact:
        yield f'{where}: the fact "{fact}" comes from "{below[0]}", which stands below'
    if operator == "answered":
        if not isinstance(wanted, bool):
            yield f'{where}: "answered" is true or false'
    elif fact in FLAGS or fact == "need_level_changed":
        if operator != "is" or not isinstance(wanted, bool):
            yield f'{where}: "{fact}" is true or false'
    elif fact == "sex":
        if operator not in ("is", "is_not") or wanted not in ("male", "female", "indeterminate", "not_known"):
            yield f'{where}: "sex" is male, female, indeterminate or not_known'
    elif fact in WORDS:
        if operator not in ("is", "is_not") or wanted not in WORDS[fact]:
            yield f'{where}: "{fact}" is {" or ".join(WORDS[fact])}'
    elif fact in TEXTS:
        yield f'{where}: "{fact}" is text and can only be asked whether it is answered'
    elif fact in ("now", "today", "birth_date", "contact_date"):
        yield f'{where}: "{fact}" is a date and can only be asked whether it is answered'
    elif operator not in _ORDER:
        yield f'{where}: "{fact}" is a number: use {", ".join(_ORDER)}'
    else:
        yield from _number_mistakes(where, operator, wanted)


def _number_mistakes(where: str, operator: str, wanted: Any) -> Iterator[str]:
    if isinstance(wanted, bool) or not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,12})?", str(wanted)):
        yield f'{where}: "{operator}" needs a number, not "{wanted}"'


def _each(wanted: Any) -> Iterable[Any]:
    return wanted if isinstance(wanted, list) else [wanted]
