"""What a program gets from run.py, and how it learns a password and an address."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

PASSWORD_VARIABLE = "RIALTO_PASSWORD"  # noqa: S105  # the name of a variable


class Outside(msgspec.Struct, frozen=True):
    """The world as a program sees it."""

    say: Callable[[str], None]  # a sentence for the operator
    chance: Callable[[], float]  # from 0 to below 1
    environment: Mapping[str, str]
    ask_password: Callable[[str], str] | None  # shows a prompt; None: nobody sits there


class NoPassword(Exception):
    """There is nowhere to get it from; the text is for the operator."""


def find_password(outside: Outside, username: str) -> str:
    """Take it from the environment, or ask for it: as an argument everybody on the machine could read it."""
    password = outside.environment.get(PASSWORD_VARIABLE, "")
    if not password and outside.ask_password is not None:
        password = outside.ask_password(f"Password of {username}: ")
    if not password:
        raise NoPassword(f"There is no password for {username}: set {PASSWORD_VARIABLE}.")
    return password


def as_url(text: str) -> str:
    """Check the address of an exchange. Raises ValueError with the rest of a sentence."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that does not close
        good = False
    if not good or parts.query or parts.fragment or "@" in parts.netloc or any(sign.isspace() for sign in text):
        raise ValueError("must be an address such as http://127.0.0.1:8080")
    return text.rstrip("/")
