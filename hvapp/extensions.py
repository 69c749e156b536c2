"""Flask extensions, made once and bound to each application by create_app."""

from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.orm import Session

from hvapp.store.schema import Base


class Database(SQLAlchemy):
    """`session` is a proxy to the request's own Session and is used as one."""

    session: Session  # type: ignore[assignment]


db = Database(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate()
csrf = CSRFProtect()
login = LoginManager()
