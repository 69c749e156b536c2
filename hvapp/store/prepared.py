"""Statements that every push makes, turned into text once and given to the driver.

The database does such a statement in a few microseconds; SQLAlchemy takes several times as long to find it among those
it knows, to bind its values and to wrap its result. So it is written with SQLAlchemy, compiled once for each engine,
and done on the connection of the session's own transaction. Values, results and errors are the same as anywhere else.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    String,
    Table,
    Update,
    bindparam,
)
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

MANY = 20
"""Rows from which copying pays on PostgreSQL, and how many go into one statement where they cannot be copied."""

CONNECTION = "hvapp_connection"
"""Where a transaction leaves its connection with the session, which would look for it anew each time it is asked."""

Row = tuple[Any, ...]
Answer = Callable[[], list[Row]]
_Convert = Callable[[Any], Any] | None


class Prepared:
    """A statement. Every value that changes is a bindparam; a list of values is bound by `among`."""

    def __init__(self, statement: Select[Any] | Update) -> None:
        self._statement = statement
        self._texts: dict[str, _Text] = {}

    def rows(self, session: Session, **values: Any) -> list[Row]:
        """Do it; answers the rows that it found or returns, in the order of its columns."""
        return self.asked(session, **values)()

    def asked(self, session: Session, **values: Any) -> "Answer":
        """Do it, and answer what gives the rows: inside `without_waiting` the next need not wait for them."""
        connection = _connection_of(session)
        text = self._texts.get(connection.dialect.name)
        if text is None:
            text = self._texts[connection.dialect.name] = _Text.of(self._statement, connection.dialect)
        cursor = _cursor_of(connection)
        try:
            cursor.execute(text.sql, text.bound(values))
        except _driver_errors(connection) as error:
            raise _usual(connection, error) from error

        def answer() -> list[Row]:
            try:
                return text.read(cursor.fetchall()) if text.results else []
            except _driver_errors(connection) as error:
                raise _usual(connection, error) from error

        return answer


class Adding:
    """Rows of a table, no two of them the same. `conflict`: what to do about one that is there already; an error if
    None.
    """

    def __init__(self, table: Table, *names: str, conflict: str | None = None) -> None:
        self._table = table
        self._names = names
        self._conflict = f" ON CONFLICT {conflict}" if conflict else ""
        self._texts: dict[str, _Insert] = {}

    def rows(self, session: Session, rows: Sequence[Row]) -> None:
        """Add them, each with its values in the order of the names. Raises IntegrityError."""
        if not rows:
            return
        connection = _connection_of(session)
        text = self._texts.get(connection.dialect.name)
        if text is None:
            text = self._texts[connection.dialect.name] = self._written(connection.dialect)
        values = [
            [
                value if convert is None else convert(value)
                for convert, value in zip(text.converts, row, strict=True)
            ]
            for row in rows
        ]
        cursor = _cursor_of(connection)
        try:
            if connection.dialect.name != "postgresql":
                cursor.executemany(text.rows(1), values)
            elif self._conflict or len(values) < MANY:
                for start in range(0, len(values), MANY):
                    lot = values[start : start + MANY]
                    cursor.execute(text.rows(len(lot)), list(chain.from_iterable(lot)))
            else:
                with cursor.copy(text.copy) as copying:
                    for one in values:
                        copying.write_row(one)
        except _driver_errors(connection) as error:
            raise _usual(connection, error) from error

    def _written(self, dialect: Dialect) -> "_Insert":
        quote = dialect.identifier_preparer
        names = ", ".join(quote.quote(name) for name in self._names)
        into = f"{quote.format_table(self._table)} ({names})"
        return _Insert(
            insert=f"INSERT INTO {into} VALUES",
            conflict=self._conflict,
            copy=f"COPY {into} FROM STDIN",
            place="?" if dialect.paramstyle == "qmark" else "$",
            converts=[_to_driver(self._table.c[name].type, dialect) for name in self._names],
        )


class among(ColumnElement[bool]):
    """Whether a column is one of the texts bound by this name: one statement, however many they are."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.texts: ColumnElement[Any] = bindparam(name, type_=_Texts())


class _Texts(TypeDecorator[Any]):
    """A list of texts as one value."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(String()) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else json.dumps(value)


@compiles(among, "postgresql")
def _among_array(element: among, compiler: SQLCompiler, **given: Any) -> str:
    column, texts = compiler.process(element.column, **given), compiler.process(element.texts, **given)
    return f"{column} = ANY ({texts})"


@compiles(among, "sqlite")
def _among_json(element: among, compiler: SQLCompiler, **given: Any) -> str:
    column, texts = compiler.process(element.column, **given), compiler.process(element.texts, **given)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608  (compiled by SQLAlchemy)


@contextmanager
def without_waiting(session: Session, rows: int = 1) -> Iterator[None]:
    """Statements inside go to the server one behind the other; it is heard once, at the end.

    `rows`: how many are added inside. Many are copied, which is faster still and cannot be done like this.
    """
    connection = _connection_of(session)
    if connection.dialect.name != "postgresql" or rows >= MANY:
        yield
        return
    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            yield
    except _driver_errors(connection) as error:
        raise _usual(connection, error) from error


def send_commit(session: Session) -> None:
    """Let the commit go with the statements before it, inside `without_waiting`; the session's own finds it done."""
    connection = _connection_of(session)
    if connection.dialect.name == "postgresql":
        _cursor_of(connection).execute("COMMIT", prepare=False)


@dataclass(frozen=True)
class _Text:
    """A statement as one engine is given it, and how values go there and come back."""

    sql: str
    places: list[str]  # the order of the values
    fixed: dict[str, Any]
    converts: dict[str, Callable[[Any], Any]]
    results: list[_Convert]

    @classmethod
    def of(cls, statement: Select[Any] | Update, dialect: Dialect) -> "_Text":
        if dialect.name == "postgresql":
            dialect = cast(Any, type(dialect))(paramstyle="numeric_dollar")
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        converts = {name: _to_driver(bind.type, dialect) for bind, name in compiled.bind_names.items()}
        return cls(
            compiled.string,
            list(compiled.positiontup or ()),
            compiled.params,
            {name: convert for name, convert in converts.items() if convert is not None},
            [_from_driver(column.type, dialect) for column in statement.exported_columns],
        )

    def bound(self, values: dict[str, Any]) -> list[Any]:
        given = self.fixed | values
        for name, convert in self.converts.items():
            given[name] = convert(given[name])
        return [given[name] for name in self.places]

    def read(self, rows: Sequence[Row]) -> list[Row]:
        if not any(self.results):
            return list(rows)
        return [
            tuple(
                [
                    value if convert is None else convert(value)
                    for convert, value in zip(self.results, row, strict=True)
                ]
            )
            for row in rows
        ]


@dataclass(frozen=True)
class _Insert:
    """Adding rows, as one engine is told it: so many rows at once, or copying."""

    insert: str
    conflict: str
    copy: str
    place: str
    converts: list[_Convert]
    _texts: dict[int, str] = field(default_factory=dict)

    def rows(self, number: int) -> str:
        if number not in self._texts:
            width = len(self.converts)
            places = [f"${at + 1}" if self.place == "$" else self.place for at in range(number * width)]
            rows = [f"({', '.join(places[at : at + width])})" for at in range(0, len(places), width)]
            self._texts[number] = f"{self.insert} {', '.join(rows)}{self.conflict}"
        return self._texts[number]


def _connection_of(session: Session) -> Connection:
    session.flush()
    connection: Connection = session.info.get(CONNECTION) or session.connection()
    return connection


def _cursor_of(connection: Connection) -> Any:
    """On PostgreSQL one that takes a text as the server knows it; the usual one takes it apart each time."""
    if connection.dialect.name != "postgresql":
        return connection.connection.cursor()
    from psycopg import RawCursor

    return RawCursor(cast(Any, connection.connection.driver_connection))


def _driver_errors(connection: Connection) -> type[Exception]:
    kind: type[Exception] = cast(Any, connection.dialect.dbapi).Error
    return kind


def _usual(connection: Connection, error: Exception) -> StatementError:
    """The error as SQLAlchemy raises it, without the values, which are patient data."""
    return DBAPIError.instance(
        None, None, error, _driver_errors(connection), hide_parameters=True, dialect=connection.dialect
    )


def _to_driver(kind: TypeEngine[Any], dialect: Dialect) -> _Convert:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _from_driver(kind: TypeEngine[Any], dialect: Dialect) -> _Convert:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
