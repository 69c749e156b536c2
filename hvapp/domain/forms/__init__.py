"""Forms: what they ask, how their answers are judged and how a visit is read out.

A form is one data file, `hvapp/forms/<id>.v<version>.yaml`. `reader` makes a `definition` of it, `library` holds every
version. `answers`, `logic`, `facts`, `checks` and `validate` judge what was recorded, with a twin of the same name in
`static/src/forms`; `wording`, `readout` and `reading` put it in words.
"""

from hvapp.domain.forms.definition import Field, FormDefinition
from hvapp.domain.forms.library import FormLibrary, load_forms
from hvapp.domain.forms.reader import FormMistakes

__all__ = ["Field", "FormDefinition", "FormLibrary", "FormMistakes", "load_forms"]
