"""Where a password comes from, and which addresses are some."""

import pytest

from gateway.tools.outside import NoPassword, Outside, as_url, find_password


def outside(environment: dict[str, str], typed: str | None = None) -> Outside:
    return Outside(print, lambda: 0.0, environment, None if typed is None else lambda _: typed)


def test_the_environment_goes_before_the_prompt() -> None:
    assert find_password(outside({"RIALTO_PASSWORD": "set"}, "typed"), "alice") == "set"


@pytest.mark.parametrize("environment", [{}, {"RIALTO_PASSWORD": ""}])
def test_who_sits_there_is_asked(environment: dict[str, str]) -> None:
    assert find_password(outside(environment, "typed"), "alice") == "typed"


@pytest.mark.parametrize("typed", [None, ""])
def test_no_password_is_a_sentence(typed: str | None) -> None:
    with pytest.raises(NoPassword, match=r"^There is no password for alice: set RIALTO_PASSWORD\.$"):
        find_password(outside({}, typed), "alice")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://exchange.example/", "https://exchange.example"),
        ("http://[::1]:8080/rialto/", "http://[::1]:8080/rialto"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    assert as_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:8080",
        "ftp://localhost",
        "http://",
        "http://localhost:0",
        "http://localhost:99999",
        "http://localhost:port",
        "http://[::1",
        "http://alice:secret@localhost",
        "http://localhost?x=1",
        "http://localhost#x",
        "http://local host",
        "http://localhost\n",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="must be an address such as"):
        as_url(text)
