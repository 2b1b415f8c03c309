"""What an operator can set: environment variables, read once at the start. A wrong one is a sentence that names it."""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from engine.accumulators.market import ODDS_MAX
from engine.amounts import MalformedAmount, parse_decimal
from engine.ledger.assets import ASSETS
from engine.prediction.lifecycle import Rules
from gateway.address import Network
from gateway.cors import is_origin
from gateway.limits import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, USERNAME_PATTERN
from gateway.rate_limits import Rate

JWT_SECRET_BYTES_MIN = 32  # HS256's own size: a shorter secret is the weakest part
JWT_EXP_DAYS_MAX = 365
REQUEST_DEADLINE_S = 10.0  # the contract's number
WINDOW_S_MAX = 365 * 24 * 60 * 60  # longer than a year is a mistake
BURST_OF_RATE = 2  # a burst that is not set, as many times the rate: the odds specification's 20 to 10
NO_LIMIT = "off"
BETTING_ASSET = "USD"
BETTING_POOL = 10_000  # of the asset, whichever it is: what the house puts into a match unless it is told otherwise


class SettingsError(Exception):
    """A variable has a value that can't be used; the text is for the operator."""


class Settings(msgspec.Struct, frozen=True):
    """`None` means: not set, so it is made at random once and kept in the data folder."""

    bind_addr: str = "127.0.0.1"
    bind_port: int = 8080
    database_url: str | None = None  # None: a PostgreSQL of our own, inside the data folder
    data_folder: Path = Path("data")
    jwt_secret: str | None = None
    jwt_iss: str = "rialto"
    jwt_aud: str = "rialto"
    jwt_exp_days: int = 7
    admin_username: str = "admin"
    admin_password: str | None = None
    simulated_deposits: bool = True
    betting_asset: str = BETTING_ASSET
    betting_pool: int = BETTING_POOL * 10 ** ASSETS[BETTING_ASSET].decimals  # units of it
    accumulator_odds_max: int = ODDS_MAX
    house_seed: int = 1_000_000 * 10 ** ASSETS["USD"].decimals  # units of USD
    trusted_proxies: tuple[Network, ...] = ()
    rate_limit_loopback: bool = False
    rate_limit_login: Rate | None = Rate(10, 20)
    rate_limit_wallet: Rate | None = Rate(10, 20)
    rate_limit_betting: Rate | None = Rate(10, 20)
    rate_limit_orders: Rate | None = Rate(1_000, 2_000)
    rate_limit_other: Rate | None = Rate(100, 200)
    rate_limit_anonymous: Rate | None = Rate(100, 200)
    cors_origins: tuple[str, ...] = ()  # beside those of gateway/cors.py
    readyz_skip_ping: bool = False
    log_format: Literal["auto", "terminal", "json"] = "auto"  # auto: readable on a terminal, JSON otherwise
    request_deadline_s: float = REQUEST_DEADLINE_S
    resolution_approvals: int = 1
    challenge_window_s: int = 24 * 60 * 60
    payout_window_s: int = 60 * 60

    @property
    def rules(self) -> Rules:
        """What questions are resolved by."""
        return Rules(1_000 * self.challenge_window_s, 1_000 * self.payout_window_s, self.resolution_approvals)


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the settings; an empty variable counts as not set. Raises SettingsError."""
    found: dict[str, Any] = {}
    for name, (field, read) in VARIABLES.items():
        text = environment.get(name, "")
        if text:
            try:
                found[field] = read(text)
            except ValueError as error:
                raise SettingsError(f"{name} {error}.") from None
    asset = ASSETS[found.get("betting_asset", BETTING_ASSET)]
    try:
        found["betting_pool"] = parse_decimal(found.get("betting_pool", str(BETTING_POOL)), asset.decimals)
    except MalformedAmount as malformed:
        raise SettingsError(f"BETTING_POOL {malformed}.") from None
    return Settings(**found)


# Readers of one value each: they raise ValueError with the rest of a sentence that begins with the variable's name.


def _text(text: str) -> str:
    return text


def _address(text: str) -> str:
    if text != "localhost":
        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise ValueError("must be an IP address to listen on, such as 127.0.0.1") from None
    return text


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text) if re.fullmatch("[0-9]{1,9}", text) else -1
        if not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return read


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("must be 0 or 1")
    return text == "1"


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or float(text) == 0:
        raise ValueError("must be a number of seconds above 0, such as 10 or 2.5")
    return float(text)


def _database_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    return text


def _secret(text: str) -> str:
    if len(text.encode()) < JWT_SECRET_BYTES_MIN:
        raise ValueError(f"must have at least {JWT_SECRET_BYTES_MIN} bytes")
    return text


def _username(text: str) -> str:
    if not re.search(USERNAME_PATTERN, text):
        raise ValueError("must have 3 to 32 letters, digits, points, dashes or underscores")
    return text


def _password(text: str) -> str:
    if not PASSWORD_LENGTH_MIN <= len(text) <= PASSWORD_LENGTH_MAX:
        raise ValueError(f"must have {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters")
    return text


def _dollars(text: str) -> int:
    try:
        return parse_decimal(text, ASSETS["USD"].decimals)
    except MalformedAmount as malformed:
        raise ValueError(str(malformed)) from None


def _asset(text: str) -> str:
    if text not in ASSETS:
        raise ValueError(f"must be one of {', '.join(ASSETS)}")
    return text


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("must be IP addresses or networks with commas between, such as 10.0.0.0/8,::1") from None


def _rate(text: str) -> Rate | None:
    if text == NO_LIMIT:
        return None
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(?:/([1-9][0-9]{0,6}))?", text)
    if found is None or float(found[1]) == 0:
        raise ValueError(f"must be requests a second, such as 10, or with those at once, such as 10/20, or {NO_LIMIT}")
    per_second = float(found[1])
    return Rate(per_second, int(found[2]) if found[2] else math.ceil(BURST_OF_RATE * per_second))


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in text.split(","))
    if not all(map(is_origin, origins)):
        raise ValueError(
            "must be origins as browsers send them, with commas between, such as https://example.com or"
            " http://10.0.0.5:3000: lower case, no path, no *, and no port 80 of http or 443 of https"
        )
    return origins


def _log_format(text: str) -> str:
    if text not in ("auto", "terminal", "json"):
        raise ValueError("must be auto, terminal or json")
    return text


VARIABLES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "BIND_ADDR": ("bind_addr", _address),
    "BIND_PORT": ("bind_port", _whole(0, 65_535)),
    "DATABASE_URL": ("database_url", _database_url),
    "RIALTO_DATA": ("data_folder", Path),
    "JWT_SECRET": ("jwt_secret", _secret),
    "JWT_ISS": ("jwt_iss", _text),
    "JWT_AUD": ("jwt_aud", _text),
    "JWT_EXP_DAYS": ("jwt_exp_days", _whole(1, JWT_EXP_DAYS_MAX)),
    "ADMIN_USERNAME": ("admin_username", _username),
    "ADMIN_PASSWORD": ("admin_password", _password),
    "SIMULATED_DEPOSITS": ("simulated_deposits", _switch),
    "HOUSE_SEED_USD": ("house_seed", _dollars),
    "BETTING_ASSET": ("betting_asset", _asset),
    "BETTING_POOL": ("betting_pool", _text),
    "ACCUMULATOR_ODDS_MAX": ("accumulator_odds_max", _whole(2, 999_999_999)),
    "TRUSTED_PROXIES": ("trusted_proxies", _networks),
    "RATE_LIMIT_LOOPBACK": ("rate_limit_loopback", _switch),
    "RATE_LIMIT_LOGIN": ("rate_limit_login", _rate),
    "RATE_LIMIT_WALLET": ("rate_limit_wallet", _rate),
    "RATE_LIMIT_BETTING": ("rate_limit_betting", _rate),
    "RATE_LIMIT_ORDERS": ("rate_limit_orders", _rate),
    "RATE_LIMIT_OTHER": ("rate_limit_other", _rate),
    "RATE_LIMIT_ANONYMOUS": ("rate_limit_anonymous", _rate),
    "CORS_ORIGINS": ("cors_origins", _origins),
    "READYZ_SKIP_PING": ("readyz_skip_ping", _switch),
    "LOG_FORMAT": ("log_format", _log_format),
    "REQUEST_DEADLINE_S": ("request_deadline_s", _seconds),
    "RESOLUTION_APPROVALS": ("resolution_approvals", _whole(1, 2)),
    "CHALLENGE_WINDOW_S": ("challenge_window_s", _whole(0, WINDOW_S_MAX)),
    "PAYOUT_WINDOW_S": ("payout_window_s", _whole(0, WINDOW_S_MAX)),
}
