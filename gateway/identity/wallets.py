"""Wallets: an Ethereum address, and the proof that somebody holds its key: a message signed as EIP-191 says.

address      0x and 40 hex digits. Kept in lower case, shown with EIP-55's checksum, which lies in the letters' case
message      Login to KMarket: nonce=<uuid>
signature    0x and 65 bytes: r, s, v. Of the two values of s that are equally good only the smaller is taken, so there
             is one signature of each message; v is 0 or 1, or as wallets write it, 27 or 28

The address of a contract has no key: such a wallet can't be told offline, and can't log in.
"""

import msgspec
from coincurve import PublicKey
from Crypto.Hash import keccak

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.limits import MESSAGE_PREFIX, WalletAddress, WalletMessage, WalletSignature

SIGNATURE_BYTES = 65
CURVE_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141  # of secp256k1
RECOVERY_IDS = {0: 0, 1: 1, 27: 0, 28: 1}  # of each v
ADDRESS_BYTES = 20  # the end of the key's hash


class WalletProof(msgspec.Struct, frozen=True):
    """What somebody sends to prove that a wallet is theirs; the three have their form, no more is known of them."""

    address: WalletAddress
    message: WalletMessage
    signature: WalletSignature


def read_address(text: str) -> str:
    """Bring an address of the right form into lower case. Raises Rejected(MALFORMED) if its checksum is wrong.

    Digits all in one case have no checksum. In others it finds a mistyped letter, so it is asked for.
    """
    address = text.lower()
    digits = text.removeprefix("0x")
    if digits not in (digits.lower(), digits.upper()) and text != checksummed(address):
        raise Rejected(Refusal.MALFORMED, "address has a wrong checksum: a letter is mistyped, or its case has changed")
    return address


def checksummed(address: str) -> str:
    """Write an address as EIP-55 does: a letter is a capital if the hash of the address has 8 or more in its place."""
    digits = address.removeprefix("0x")
    cases = keccak_256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if case >= "8" else digit for digit, case in zip(digits, cases, strict=False)
    )  # the hash is longer


def nonce_in(message: str) -> str:
    """Take the nonce out of a message of the right form."""
    return message.removeprefix(MESSAGE_PREFIX)


def signer_of(proof: WalletProof) -> str | None:
    """Say whose signature it is, as an address in lower case; None if it is nobody's. Raises Rejected(MALFORMED)."""
    return recover(message_hash(proof.message), bytes.fromhex(proof.signature.removeprefix("0x")))


def message_hash(message: str) -> bytes:
    """Hash a text as EIP-191 (version 0x45) says. What is signed so can't be a transaction."""
    raw = message.encode()
    return keccak_256(b"\x19Ethereum Signed Message:\n%d%b" % (len(raw), raw))


def recover(digest: bytes, signature: bytes) -> str | None:
    """Say which address has signed a hash; None if the signature is no key's. Raises Rejected(MALFORMED).

    It takes 0.06 ms (measured, the hash of the message included), so it is done on the loop: a log-in by password takes
    40 ms of a thread.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise _malformed(f"must be {SIGNATURE_BYTES} bytes, not {len(signature)}")
    r, s, v = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]), signature[64]
    if v not in RECOVERY_IDS:
        raise _malformed("must end with v = 0, 1, 27 or 28")
    if not (0 < r < CURVE_ORDER and 0 < s < CURVE_ORDER):
        raise _malformed("has an r or s that is not on the curve")
    if s > CURVE_ORDER // 2:
        raise _malformed("has the larger s of the two that are possible: send the smaller, as wallets do")
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes([RECOVERY_IDS[v]]), digest, hasher=None)
    except ValueError:  # no point has this r, which half of all numbers are
        return None
    return address_of(key)


def address_of(key: PublicKey) -> str:
    """Say which address a key has, in lower case."""
    return "0x" + keccak_256(key.format(compressed=False)[1:])[-ADDRESS_BYTES:].hex()


def keccak_256(data: bytes) -> bytes:
    """Hash as Ethereum does: not hashlib's sha3_256, which pads in another way."""
    return keccak.new(digest_bits=256, data=data).digest()


def _malformed(words: str) -> Rejected:
    return Rejected(Refusal.MALFORMED, f"signature {words}")
