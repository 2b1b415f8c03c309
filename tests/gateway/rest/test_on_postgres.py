"""Nothing that a client sends can make the commit statement fail: field by field, against the real database."""

import itertools
import unicodedata
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.identity.caller import Role
from gateway.limits import TEXT_PATTERN
from storage.postgres import open_postgres
from tests.gateway.houses import House, open_house

pytestmark = pytest.mark.slow

NAMES = itertools.count(1)

LARGE = ["9" * 78, "1" + "0" * 77, "9" * 67, "9007199254740991", "0.0000000001", "0.01", "1", "123456.78"]

# What the limits let through, from the far ends of Unicode; one mark alone, a whole plane above, a noncharacter.
TEXTS = st.from_regex(TEXT_PATTERN).filter(lambda text: not any(unicodedata.category(c) == "Cs" for c in text))
TEXTS |= st.sampled_from(["\u0301", "\U0010ffff" * 64, "\uffff", "'; drop table orders; --", "\\x00", "%s", "$1", "{}"])

AMOUNTS = st.sampled_from(LARGE) | st.from_regex(r"\A[0-9]{1,12}(\.[0-9]{1,10})?\Z")
SYMBOLS = st.sampled_from(["BTC_USDT", "ETH_USDT", "ETH_BTC"])
ASSETS = st.sampled_from(["BTC", "ETH", "USDT", "USD"])

ORDERS = st.fixed_dictionaries(
    {
        "symbol": SYMBOLS,
        "side": st.sampled_from(["buy", "sell"]),
        "type": st.sampled_from(["limit", "market_by_qty", "market_by_amount"]),
    },
    optional={
        "price": AMOUNTS,
        "quantity": AMOUNTS,
        "amount": AMOUNTS,
        "clientOrderId": TEXTS,
        "timeInForce": st.sampled_from(["GTC", "IOC", "FOK"]),
        "postOnly": st.booleans(),
        "selfTradePrevention": st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both"]),
    },
)
MOVES = st.fixed_dictionaries({"transId": TEXTS, "symbol": ASSETS, "amount": AMOUNTS})

REQUESTS = st.one_of(
    st.tuples(st.just("/api/v1/orders"), ORDERS),
    st.tuples(st.just("/api/v1/account/deposit"), MOVES),
    st.tuples(st.just("/api/v1/account/withdraw"), MOVES),
    st.tuples(st.just("/api/v1/admin/house/fund"), MOVES),
    st.tuples(st.just("/api/v1/admin/symbols/BTC_USDT/resume"), st.fixed_dictionaries({"reason": TEXTS})),
    st.tuples(
        st.just("/api/v1/auth/register"),
        st.fixed_dictionaries(
            {
                "username": st.from_regex(r"\A[A-Za-z0-9_.-]{3,32}\Z"),
                "email": st.just("a@example.com"),
                "password": TEXTS.map(lambda text: text * 8),
            }
        ),
    ),
)


def test_whatever_passes_the_door_is_written(postgres_dsn: str) -> None:
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(st.lists(REQUESTS, min_size=20, max_size=60))
    def run(asked: list[tuple[str, dict[str, Any]]]) -> None:
        written.append(trio.run(ask_all, postgres_dsn, asked))

    written: list[int] = []
    run()
    assert sum(written) > 40  # not all of it was turned away at the door


async def ask_all(dsn: str, asked: list[tuple[str, dict[str, Any]]]) -> int:
    """Send everything; return how much of it was done."""
    async with open_postgres(dsn) as storage, open_house(storage=storage) as house:
        name = f"trader{next(NAMES)}"
        await house.user(name, Role.ADMIN, USDT="1" + "0" * 50, BTC="1" + "0" * 50, ETH="1" + "0" * 50)
        done = 0
        for path, body in asked:
            reply = await house.call("POST", path, msgspec.json.encode(body), by=name)
            assert reply.status in (200, 201, 400, 404, 409, 422), (path, body, reply.body)
            done += reply.status < 300
        for path in ("account/logs", "account/trades", "account/freezes", "orders", "admin/audit"):
            assert (await house.call("GET", f"/api/v1/{path}?limit=500", by=name)).status == 200
        await unharmed(house, name)
    return done


async def unharmed(house: House, by: str) -> None:
    """No actor has crashed, and the journal still moves."""
    for report in house.exchange.supervisor.statistics():
        assert (report.restarts, report.last_failure) == (0, None), report
    head = await house.exchange.storage.reader.journal_head()
    body = {"transId": f"last {head.sequence}", "symbol": "USD", "amount": "1"}
    assert (await house.call("POST", "/api/v1/account/deposit", body, by=by)).status == 200
    assert (await house.exchange.storage.reader.journal_head()).sequence > head.sequence
