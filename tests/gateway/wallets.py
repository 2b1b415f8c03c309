"""Wallets for tests: keys that sign as a person's wallet does, and a second opinion on whose a signature is.

The only place that imports eth-account: a library of its own sets Python's recursion limit to 100,000, at which what is
nested too deeply ends the process instead of raising. So the limit is put back.
"""

import sys

_LIMIT = sys.getrecursionlimit()

from eth_account import Account  # noqa: E402  # behind the line above
from eth_account.messages import encode_defunct  # noqa: E402  # the same
from eth_keys.backends.native.main import NativeECCBackend  # noqa: E402  # the same
from eth_keys.exceptions import BadSignature  # noqa: E402  # the same

from gateway.identity.wallets import WalletProof  # noqa: E402  # the same

sys.setrecursionlimit(_LIMIT)

# Written in Python throughout: it shares no line with the library that is tested.
ORACLE = Account()
ORACLE.set_key_backend(NativeECCBackend())


class Wallet:
    """One of a number's choice: the same key in every run."""

    def __init__(self, number: int) -> None:
        self._account = ORACLE.from_key(number.to_bytes(32))
        self.address: str = self._account.address  # with its checksum

    def sign(self, message: str) -> str:
        """Sign a message as EIP-191 says."""
        signature: str = self._account.sign_message(encode_defunct(text=message)).signature.to_0x_hex()
        return signature

    def proof(self, nonce: str) -> WalletProof:
        """What a log-in with this nonce sends."""
        message = f"Login to KMarket: nonce={nonce}"
        return WalletProof(self.address, message, self.sign(message))


def signer_as_others_see_it(message: str, signature: bytes) -> str | None:
    """Say whose signature it is, with checksum; None if it is nobody's. Of high s it takes what we don't."""
    try:
        return str(ORACLE.recover_message(encode_defunct(text=message), signature=signature))
    except (BadSignature, ValueError):
        return None


ANNA, BEN = Wallet(1), Wallet(2)
