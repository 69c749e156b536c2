"""A supervisor's or administrator's browser: signs in by the page, posts forms with the token of the session."""

from html import unescape
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hvapp.domain.accounts import Account
from tests.support.world import PASSWORD


class Desk:
    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def sign_in(self, account: Account, password: str = PASSWORD) -> "Desk":
        answer = self.post("/sign-in", email=account.email, password=password)
        assert answer.status_code == 302, answer.text
        return self

    def get(self, url: str, **more: object) -> "Page":
        return Page(self.client.get(url, **more))

    def post(self, url: str, **form: object) -> "Page":
        token = self.client.get("/api/v1/session").json["csrf_token"]
        return Page(self.client.post(url, data={"csrf_token": token, **form}))

    def follow(self, page: "Page") -> "Page":
        assert page.status_code in (302, 303), page.text
        return self.get(page.response.headers["Location"])


class Page:
    """An answer, with its words as a reader has them and its addresses."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status_code = response.status_code
        self.html = response.text
        reader = _Reader()
        reader.feed(self.html)
        self.text = " ".join(" ".join(reader.words).split())
        self.addresses = reader.addresses
        self.title = reader.title.strip()

    def has(self, *words: str) -> bool:
        missing = [one for one in words if one not in self.text]
        assert not missing, f"{missing} not in: {self.text}"
        return True


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.title = ""
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "title", "textarea"):
            self._inside.append(tag)
        given = dict(attrs)
        self.addresses += [
            unescape(given[name] or "") for name in ("href", "src", "action") if given.get(name)
        ]

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        inside = self._inside[-1] if self._inside else ""
        if inside == "title":
            # The first is the page's; pictures have titles too.
            self.title = self.title or data
        elif inside not in ("script", "style"):
            self.words.append(data)
