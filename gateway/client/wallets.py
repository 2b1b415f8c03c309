"""Logging in with a wallet. Whoever holds its key signs; here it is only a function from a message to its signature.

account = eth_account.Account.create()
sign = lambda message: account.sign_message(encode_defunct(text=message)).signature.to_0x_hex()
async with open_rest("http://127.0.0.1:8080") as client:
    await log_in_wallet(client, account.address, sign)
"""

from collections.abc import Callable

from gateway.client.rest import Json, RestClient

MESSAGE_PREFIX = "Login to KMarket: nonce="

Sign = Callable[[str], str]  # as EIP-191 says; the signature is 0x and 130 hex digits


async def log_in_wallet(client: RestClient, address: str, sign: Sign) -> str:
    """Log in, keep the token for the calls that follow, and return it. The first time makes a user."""
    proof = await prove(client, address, sign)
    token: str = (await client.call("POST", "/api/v1/auth/verify-sig", proof))["token"]
    client.token = token
    return token


async def add_wallet(client: RestClient, address: str, sign: Sign) -> Json:
    """Join a wallet to the user who is logged in; return that user."""
    return await client.call("POST", "/api/v1/auth/wallet", await prove(client, address, sign))


async def prove(client: RestClient, address: str, sign: Sign) -> dict[str, str]:
    """Have a nonce signed: what shows, once, that the wallet is one's own."""
    nonce = (await client.call("GET", "/api/v1/auth/nonce", address=address))["nonce"]
    message = f"{MESSAGE_PREFIX}{nonce}"
    return {"address": address, "message": message, "signature": sign(message)}
