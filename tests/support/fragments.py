"""The form fragment as the build writes it, without the application around it."""

from pathlib import Path

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader

from hvapp.domain.forms import FormDefinition

TEMPLATES = Path(__file__).parents[2] / "templates"


def render_fragment(form: FormDefinition) -> str:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PackageLoader("nhsuk_frontend_jinja")]),
        undefined=ChainableUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("shell/form_fragment.jinja").render(form=form)
