"""Who bets in a season: wallets whose keys are made from its seed, the same in every run."""

from hashlib import sha256

from tests.gateway.wallets import Wallet

KEY_BYTES = 31  # a private key is below a number of 32 bytes that begins with FF


def make_wallets(seed: int, count: int) -> list[Wallet]:
    """Make so many."""
    return [
        Wallet(int.from_bytes(sha256(f"{seed} wallet {number}".encode()).digest()[:KEY_BYTES]))
        for number in range(count)
    ]
