"""The application factory."""

import logging

import structlog
from flask import Flask
from jinja2 import ChainableUndefined, ChoiceLoader, FileSystemLoader, PackageLoader
from whitenoise import WhiteNoise

from hvapp.domain.forms import load_forms
from hvapp.extensions import csrf, db, login, migrate
from hvapp.services.keys import Keyring
from hvapp.settings import Settings
from hvapp.store.database import engine_options, engine_url
from hvapp.web import (
    access,
    admin,
    api,
    auth,
    children,
    errors,
    openapi,
    packing,
    pregnancies,
    presenters,
    pwa,
    red_book,
    review,
    security,
    service,
    sorting,
    tablets,
)
from hvapp.web.assets import Assets


def create_app(settings: Settings | None = None, *, testing: bool = False) -> Flask:
    """The web application. Raises FormMistakes, in plain words, when a form file is wrong."""
    settings = settings or Settings.from_env()
    database = engine_url(settings.database_url)
    app = Flask(
        "hvapp",
        static_folder=str(settings.static_folder),
        template_folder=str(settings.template_folder),
    )
    app.config.update(
        HVAPP=settings,
        TESTING=testing,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=database,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(database),
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        PERMANENT_SESSION_LIFETIME=settings.session_lifetime,
        # A session ends when it said it would: using it does not make it longer.
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=3600,
        WTF_CSRF_SSL_STRICT=False,
    )
    _prepare_logs()
    _prepare_templates(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(settings.root / "hvapp" / "migrations"))
    csrf.init_app(app)
    login.init_app(app)
    app.extensions["forms"] = load_forms(settings.root / "hvapp" / "forms")
    app.extensions["keyring"] = Keyring(settings.keys_key)
    app.extensions["assets"] = Assets.load(settings.static_folder / "dist")
    app.session_interface = access.Sessions()
    app.before_request(access.enforce)
    desk = (review, sorting, red_book, tablets, children, pregnancies, admin, service)
    for module in (auth, api, openapi, pwa, *desk):
        app.register_blueprint(module.bp)
    presenters.install(app)
    security.install(app)
    packing.install(app)
    errors.install(app)
    dist = settings.static_folder / "dist"
    if dist.is_dir():
        # Hashed names: a year in the cache, and compressed copies served where a browser takes them.
        app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
            app.wsgi_app,
            root=str(dist),
            prefix="static/dist/",
            max_age=31536000,
            add_headers_function=security.secure_file,
        )
    return app


def _prepare_templates(app: Flask) -> None:
    """NHS.UK's macros read attributes of things that may be absent, hence ChainableUndefined."""
    app.jinja_env.undefined = ChainableUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(app.template_folder or "templates"), PackageLoader("nhsuk_frontend_jinja")]
    )
    app.jinja_env.autoescape = True


def _prepare_logs() -> None:
    """JSON lines with ids and codes; values of records never reach a log call."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
