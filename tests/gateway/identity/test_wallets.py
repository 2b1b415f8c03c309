"""Whose signature it is: against eth-account in Python throughout, and against what must never pass."""

import hashlib
import sys

import msgspec
import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.identity.wallets import (
    CURVE_ORDER,
    WalletProof,
    checksummed,
    keccak_256,
    message_hash,
    nonce_in,
    read_address,
    recover,
    signer_of,
)
from tests.gateway.wallets import ANNA, BEN, Wallet, signer_as_others_see_it

NONCE = "123e4567-e89b-42d3-a456-426614174000"
MESSAGE = f"Login to KMarket: nonce={NONCE}"
SIGNATURE = bytes.fromhex(ANNA.sign(MESSAGE)[2:])
DIGEST = message_hash(MESSAGE)

# The examples of EIP-55.
CHECKSUMMED = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]

MALFORMED = Refusal.MALFORMED.value
FEW = settings(max_examples=60, deadline=None)  # the oracle takes some milliseconds each
KEYS = st.integers(1, CURVE_ORDER - 1).map(Wallet)


# Addresses


@pytest.mark.parametrize("address", CHECKSUMMED)
def test_an_address_is_shown_with_its_checksum(address: str) -> None:
    assert checksummed(address.lower()) == address
    assert read_address(address) == address.lower()


@given(st.binary(min_size=20, max_size=20))
def test_the_checksum_is_everybody_s(raw: bytes) -> None:
    address = f"0x{raw.hex()}"
    assert checksummed(address) == to_checksum_address(address)
    for text in (address, f"0x{raw.hex().upper()}", checksummed(address)):
        assert read_address(text) == address


@given(st.sampled_from(CHECKSUMMED[4:]), st.integers(2, 41))
def test_a_letter_in_the_wrong_case_is_malformed(address: str, place: int) -> None:
    changed = address[:place] + address[place].swapcase() + address[place + 1 :]
    if changed == address:  # a digit
        return
    with pytest.raises(Rejected, match=r"MALFORMED.*checksum"):
        read_address(changed)


def test_keccak_is_not_sha3() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak_256(b"").hex() == empty
    assert hashlib.sha3_256(b"").hexdigest() != empty


# Signatures


@FEW
@given(KEYS, st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_whoever_signs_is_found(wallet: Wallet, message: str) -> None:
    signature = bytes.fromhex(wallet.sign(message)[2:])
    assert recover(message_hash(message), signature) == wallet.address.lower()
    assert signer_as_others_see_it(message, signature) == wallet.address


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, CURVE_ORDER - 1).map(lambda r: r.to_bytes(32)),
    st.integers(1, CURVE_ORDER // 2).map(lambda s: s.to_bytes(32)),
    st.sampled_from([0, 1, 27, 28]),
)
def test_what_nobody_has_signed_is_somebody_s_or_nobody_s_as_the_oracle_says(r: bytes, s: bytes, v: int) -> None:
    compare(r + s + bytes([v]))


@given(st.binary(max_size=70))
def test_any_bytes_are_read_or_malformed(signature: bytes) -> None:
    compare(signature)


@FEW
@given(st.integers(0, 8 * 65 - 1))
def test_a_flipped_bit_is_never_the_same_wallet(bit: int) -> None:
    flipped = bytearray(SIGNATURE)
    flipped[bit // 8] ^= 1 << bit % 8
    assert compare(bytes(flipped)) != ANNA.address.lower()


def compare(signature: bytes) -> str | None:
    """Recover twice: here, and by the oracle where it is not more lenient than we are."""
    found = recovered(signature)
    if found == MALFORMED:
        return found
    expected = signer_as_others_see_it(MESSAGE, signature)
    assert found == (expected and expected.lower())
    return found


def recovered(signature: bytes) -> str | None:
    try:
        return recover(DIGEST, signature)
    except Rejected as rejected:
        return str(rejected.code.value)


@pytest.mark.parametrize("length", [length for length in range(71) if length != 65])
def test_a_signature_has_65_bytes(length: int) -> None:
    with pytest.raises(Rejected, match=r"MALFORMED.*65 bytes"):
        recover(DIGEST, (SIGNATURE + SIGNATURE)[:length])


def test_v_is_one_of_four() -> None:
    own = SIGNATURE[64]
    for v in range(256):
        changed = SIGNATURE[:64] + bytes([v])
        if v in (0, 1, 27, 28):
            assert (recover(DIGEST, changed) == ANNA.address.lower()) == (v % 27 == own % 27)
        else:
            with pytest.raises(Rejected, match=r"MALFORMED.*v ="):
                recover(DIGEST, changed)


@FEW
@given(KEYS)
def test_the_larger_s_is_refused_though_it_is_as_good(wallet: Wallet) -> None:
    """Otherwise whoever sees a signature could make a second one of the same message."""
    signature = bytes.fromhex(wallet.sign(MESSAGE)[2:])
    twin = CURVE_ORDER - int.from_bytes(signature[32:64])
    other = signature[:32] + twin.to_bytes(32) + bytes([27 + (28 - signature[64])])
    assert signer_as_others_see_it(MESSAGE, other) == wallet.address
    with pytest.raises(Rejected, match=r"MALFORMED.*larger s"):
        recover(DIGEST, other)


def test_half_the_order_is_the_largest_s() -> None:
    for s, allowed in ((CURVE_ORDER // 2, True), (CURVE_ORDER // 2 + 1, False)):
        signature = SIGNATURE[:32] + s.to_bytes(32) + SIGNATURE[64:]
        assert (compare(signature) != MALFORMED) == allowed


@pytest.mark.parametrize("number", [0, CURVE_ORDER, CURVE_ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("place", [0, 32])
def test_r_and_s_are_numbers_of_the_curve(number: int, place: int) -> None:
    signature = SIGNATURE[:place] + number.to_bytes(32) + SIGNATURE[place + 32 :]
    with pytest.raises(Rejected, match=r"MALFORMED.*not on the curve"):
        recover(DIGEST, signature)


def test_an_r_without_a_point_is_nobody_s() -> None:
    signature = (5).to_bytes(32) + SIGNATURE[32:]  # 5 * 5 * 5 + 7 has no root
    assert recover(DIGEST, signature) is None


def test_a_proof_is_for_its_message_alone() -> None:
    proof = WalletProof(ANNA.address, MESSAGE, ANNA.sign(MESSAGE))
    assert signer_of(proof) == ANNA.address.lower()
    assert nonce_in(proof.message) == NONCE
    other = msgspec.structs.replace(proof, message=MESSAGE[:-1] + "1")
    assert signer_of(other) not in (ANNA.address.lower(), None)
    assert signer_of(msgspec.structs.replace(proof, signature=BEN.sign(MESSAGE))) == BEN.address.lower()


def test_the_oracle_leaves_the_process_as_it_was() -> None:
    """See tests/gateway/wallets.py: import eth-account from there only."""
    assert sys.getrecursionlimit() < 10_000


# What is read at all

GOOD = {"address": ANNA.address, "message": MESSAGE, "signature": f"0x{SIGNATURE.hex()}"}

A, M, S = GOOD.values()
BAD: dict[str, list[object]] = {
    "address": [
        "",
        "0x",
        A[2:],
        f"{A}0",
        A[:-1],
        f"0X{A[2:]}",
        "0x" + "g" * 40,
        "0x" + "\u0663" * 40,
        f"{A}\n",
        f" {A}",
    ],
    "message": ["", NONCE, f"{M} ", f" {M}", f"{M}\n", M + NONCE, M.upper(), M.lower(), M[:-36], f"{M[:-36]}1"],
    "signature": ["", "0x", S[2:], f"{S}00", S[:-2], S[:-1], f"{S[:-1]}x", f"{S}\n", f" {S}", f"0X{S[2:]}"],
}


@pytest.mark.parametrize("field", BAD)
def test_a_proof_has_three_texts_of_fixed_forms(field: str) -> None:
    assert msgspec.convert(GOOD, WalletProof).address == ANNA.address
    for value in [*BAD[field], 1, None, [0]]:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({**GOOD, field: value}, WalletProof)
