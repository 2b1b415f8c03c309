"""What a client may write: one type for each kind of field, with its words for when it is not met.

These are tighter than the tables, so that nothing a client sends can make a statement fail: text is printable, without
NUL and surrogates; ids stay below 2**53. Patterns are searched for, so they are anchored; `$` would let a newline pass.
"""

from typing import Annotated

from msgspec import Meta

from engine.amounts import AMOUNT_DIGITS_MAX, DECIMAL_PATTERN
from engine.betting.match import ODDS_MAX, ODDS_MIN
from engine.refusals import Refusal
from gateway.answers import Rejected

BODY_BYTES_MAX = 64 * 1024  # a batch of twenty orders has 20 KB; above it 413
PAGE_MAX = 500
PAGE_DEFAULT = 100
PAGES_MAX = 2**31  # a page's first row is counted in 64 bits
DEPTH_MAX = 1_000  # levels of a book's side
DEPTH_DEFAULT = 50

PASSWORD_LENGTH_MIN = 8
PASSWORD_LENGTH_MAX = 256  # hashing time does not depend on it, reading does

# Neither control characters (NUL is one), nor line ends, nor what turns the direction of reading, nor surrogates.
_PRINTABLE = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"

TEXT_PATTERN = rf"^{_PRINTABLE}{{1,64}}\Z"
PASSWORD_PATTERN = rf"^{_PRINTABLE}{{{PASSWORD_LENGTH_MIN},{PASSWORD_LENGTH_MAX}}}\Z"
SECRET_PATTERN = rf"^{_PRINTABLE}{{1,{PASSWORD_LENGTH_MAX}}}\Z"
USERNAME_PATTERN = r"^[A-Za-z0-9_.-]{3,32}\Z"
EMAIL_PATTERN = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}\Z"
NOTE_PATTERN = rf"^{_PRINTABLE}{{1,500}}\Z"
ID_PATTERN = r"^[1-9][0-9]{0,15}\Z"
ACCOUNT_PATTERN = r"^([1-9][0-9]{0,15}|outside|fees|house|market_maker)\Z"
ADDRESS_PATTERN = r"^0x[0-9A-Fa-f]{40}\Z"
SIGNATURE_PATTERN = r"^0x[0-9A-Fa-f]{130}\Z"
MESSAGE_PREFIX = "Login to KMarket: nonce="  # the specification's words
MESSAGE_PATTERN = rf"^{MESSAGE_PREFIX}[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}\Z"

STAKE_PATTERN = rf"^[1-9][0-9]{{0,{AMOUNT_DIGITS_MAX - 1}}}\Z"
UNITS_PATTERN = rf"^(0|[1-9][0-9]{{0,{AMOUNT_DIGITS_MAX - 1}}})\Z"

ID_END = 2**53  # ids are below it: whole in a double

Text = Annotated[str, Meta(pattern=TEXT_PATTERN)]  # clientOrderId, transId, names to look up
Note = Annotated[str, Meta(pattern=NOTE_PATTERN)]  # why an administrator did it
Username = Annotated[str, Meta(pattern=USERNAME_PATTERN)]
Email = Annotated[str, Meta(pattern=EMAIL_PATTERN)]
NewPassword = Annotated[str, Meta(pattern=PASSWORD_PATTERN)]
Password = Annotated[str, Meta(pattern=SECRET_PATTERN)]
Decimal = Annotated[str, Meta(pattern=DECIMAL_PATTERN, max_length=AMOUNT_DIGITS_MAX + 1)]
Id = Annotated[int, Meta(ge=1, lt=ID_END)] | Annotated[str, Meta(pattern=ID_PATTERN)]
AccountName = Annotated[str, Meta(pattern=ACCOUNT_PATTERN)]
WalletAddress = Annotated[str, Meta(pattern=ADDRESS_PATTERN)]
WalletMessage = Annotated[str, Meta(pattern=MESSAGE_PATTERN)]
WalletSignature = Annotated[str, Meta(pattern=SIGNATURE_PATTERN)]
Stake = Annotated[str, Meta(pattern=STAKE_PATTERN)]  # in smallest units
Units = Annotated[str, Meta(pattern=UNITS_PATTERN)]
OptionNumber = Annotated[int, Meta(ge=1, lt=ID_END)]
AskedOdds = Annotated[int, Meta(ge=ODDS_MIN, le=ODDS_MAX)]  # in hundredths
Page = Annotated[int, Meta(ge=1, le=PAGES_MAX)]  # counted from 1
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]
Levels = Annotated[int, Meta(ge=1, le=DEPTH_MAX)]

WORDS = {
    TEXT_PATTERN: "must be 1 to 64 printable characters",
    NOTE_PATTERN: "must be 1 to 500 printable characters",
    PASSWORD_PATTERN: f"must be {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} printable characters",
    SECRET_PATTERN: f"must be 1 to {PASSWORD_LENGTH_MAX} printable characters",
    USERNAME_PATTERN: "must be 3 to 32 of the characters A-Z a-z 0-9 _ . -",
    EMAIL_PATTERN: "must be an email address",
    DECIMAL_PATTERN: 'must be a plain decimal number in a string, such as "12.5", and not below zero',
    ID_PATTERN: "must be an id: a whole number from 1 to 9007199254740991",
    ACCOUNT_PATTERN: "must be a user's id, outside, fees, house or market_maker",
    STAKE_PATTERN: f'must be a whole number above 0 in a string, such as "1000", of at most {AMOUNT_DIGITS_MAX} digits',
    UNITS_PATTERN: f'must be a whole number in a string, such as "1000", of at most {AMOUNT_DIGITS_MAX} digits',
    ADDRESS_PATTERN: "must be the address of a wallet: 0x and 40 hex digits",
    SIGNATURE_PATTERN: "must be a signature: 0x and 130 hex digits, which are 65 bytes",
    MESSAGE_PATTERN: f'must be "{MESSAGE_PREFIX}", and after it the nonce that was given',
}

# What is easily written otherwise, by the name of its field.
EXAMPLES = {"odds": "185 for 1.85"}


def as_id(value: int | str) -> int:
    """Read an id in either form. Raises Rejected(MALFORMED) for sixteen digits that are too many."""
    number = int(value)
    if number >= ID_END:
        raise Rejected(Refusal.MALFORMED, f"an id is at most {ID_END - 1}")
    return number
