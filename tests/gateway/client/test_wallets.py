"""The client with a wallet, against a server on a real port."""

import pytest

from gateway.client import Refused, add_wallet, log_in_wallet, open_rest
from tests.gateway.wallets import ANNA, BEN
from tests.gateway.websocket.houses import PASSWORD, open_house

pytestmark = pytest.mark.trio


async def test_a_wallet_logs_in_and_is_joined() -> None:
    async with open_house() as house, open_rest(f"http://127.0.0.1:{house.port}") as client:
        token = await log_in_wallet(client, ANNA.address, ANNA.sign)
        assert client.token == token
        assert (await client.call("GET", "/api/v1/auth/me"))["address"] == ANNA.address
        assert await log_in_wallet(client, ANNA.address.lower(), ANNA.sign) != token
        await client.register("ben", PASSWORD)
        await client.log_in("ben", PASSWORD)
        user = await add_wallet(client, BEN.address, BEN.sign)
        assert (user["id"], user["username"], user["address"]) == (2, "ben", BEN.address)


async def test_another_wallet_s_signature_is_refused_and_the_token_stays() -> None:
    async with open_house() as house, open_rest(f"http://127.0.0.1:{house.port}") as client:
        token = await log_in_wallet(client, ANNA.address, ANNA.sign)
        with pytest.raises(Refused) as refused:
            await log_in_wallet(client, ANNA.address, BEN.sign)
        assert (refused.value.status, refused.value.code) == (401, "UNAUTHORIZED")
        assert client.token == token
