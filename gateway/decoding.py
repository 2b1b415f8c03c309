"""Bytes and query strings into requests; whatever does not fit is MALFORMED, in plain words and with the field's path.

Unknown fields are ignored. A key that appears twice is refused: two readers could each see another order.
"""

import enum
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.limits import EXAMPLES, WORDS

Decoded = TypeVar("Decoded")

QUERY_FIELDS_MAX = 32

_WORD_OF_REGEX = {f"Expected `str` matching regex {pattern!r}": words for pattern, words in WORDS.items()}
_KINDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
}


def malformed(message: str) -> Rejected:
    """Make the bad news for input that can't be read."""
    return Rejected(Refusal.MALFORMED, message)


def decode_body(raw: bytes, decoder: msgspec.json.Decoder[Decoded]) -> Decoded:
    """Read a JSON body. Raises Rejected(MALFORMED)."""
    try:
        request = decoder.decode(raw)
        json.loads(raw.decode(), object_pairs_hook=_each_once, parse_int=_unread, parse_float=_unread)
    except msgspec.ValidationError as error:
        raise malformed(in_words(str(error), decoder.type)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, json.JSONDecodeError):
        raise malformed("the body is not valid JSON" if raw else "a JSON body is missing") from None
    except RecursionError:
        raise malformed("the body is nested too deeply") from None
    return request


def decode_fields(fields: Mapping[str, object], kind: type[Decoded], *, strict: bool = False) -> Decoded:
    """Read what came as text, in a path or a query. Raises Rejected(MALFORMED)."""
    for name in () if strict else _whole_numbers(kind):  # type: ignore[arg-type]  # a class is hashable
        value = fields.get(name)
        if isinstance(value, str) and not (value.isascii() and value.removeprefix("-").isdigit()):
            raise malformed(f"{name} must be a whole number")
    try:
        return msgspec.convert(fields, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise malformed(in_words(str(error), kind, as_text=not strict)) from None


@cache
def _whole_numbers(kind: Any) -> tuple[str, ...]:
    """The fields that hold an int, if anything: as text, msgspec would take "1e2" for one."""
    return tuple(
        field.encode_name
        for field in msgspec.structs.fields(kind)
        if {type_ for type_ in _plain_types(field.type) if type_ not in (NoneType, msgspec.UnsetType)} == {int}
    )


def _plain_types(annotation: Any) -> Iterator[Any]:
    """The members of a union, without what is noted about them."""
    if hasattr(annotation, "__metadata__"):
        yield from _plain_types(get_args(annotation)[0])
    elif isinstance(annotation, UnionType) or get_origin(annotation) is Union:
        for member in get_args(annotation):
            yield from _plain_types(member)
    else:
        yield annotation


def query_fields(query: bytes) -> dict[str, object]:
    """Take a query string apart. Raises Rejected(MALFORMED)."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=QUERY_FIELDS_MAX
        )
        return _each_once(pairs)
    except ValueError:
        raise malformed("the query string can't be read") from None


def in_words(message: str, kind: Any, *, as_text: bool = False) -> str:
    """Turn msgspec's message about a value of type `kind` into words for people; `as_text`: it came in a query."""
    problem, _, path = message.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    if found := re.fullmatch(r"Object missing required field `(\w+)`", problem):
        return f"{field}{'.' if field else ''}{found[1]} is needed"
    return f"{field or 'the body'} {_problem_in_words(problem, field, kind, as_text)}"


def _problem_in_words(problem: str, field: str, kind: Any, as_text: bool) -> str:
    example = EXAMPLES.get(field.rpartition(".")[2])
    if problem in _WORD_OF_REGEX:
        return _WORD_OF_REGEX[problem]
    if found := re.fullmatch(r"Expected `([a-z| ]+)`, got `([a-z]+)`", problem):
        return _kind_in_words(found[1].split(" | "), found[2], as_text, example or "10")
    if found := re.fullmatch(r"Expected `int` (>=|<=) (-?[0-9]+)", problem):
        bound = f"must be at {'least' if found[1] == '>=' else 'most'} {found[2]}"
        return f"{bound}, such as {example}" if example else bound
    if found := re.fullmatch(r"Expected `str` of length <= ([0-9]+)", problem):
        return f"must have at most {found[1]} characters"
    if found := re.fullmatch(r"Expected `(?:array|object)` of length (>=|<=) ([0-9]+)", problem):
        return f"must have at {'least' if found[1] == '>=' else 'most'} {found[2]} entries"
    if problem.startswith("Invalid enum value"):
        choices = _choices(field, kind)
        return f"must be one of {', '.join(choices)}" if choices else "has no such value"
    return "is out of range" if "range" in problem else "has a wrong value"


def _kind_in_words(wanted: list[str], got: str, as_text: bool, example: str) -> str:
    if got == "float" and set(wanted) <= {"int", "null"}:
        return f"must be a whole number such as {example}"  # 10.0 is none
    if as_text and got == "str":  # all is text there, and null can't be written
        return f"must be {' or '.join(_KINDS.get(name, name) for name in wanted if name != 'null')}"
    return f"must be {' or '.join(_KINDS.get(name, name) for name in wanted)}, not {_KINDS.get(got, got)}"


def _choices(name: str, kind: Any) -> list[str]:
    """The values that a field of this struct takes, if it is one of a few."""
    for field in msgspec.structs.fields(kind):
        if field.encode_name == name:
            options = [field.type, *get_args(field.type)]
            enums = [option for option in options if isinstance(option, enum.EnumType)]
            values: list[Any] = [member.value for kinds in enums for member in kinds]  # type: ignore[var-annotated]  # an enum of any kind
            return values + [option for option in options if isinstance(option, str)]
    return []


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise malformed(f"{ascii(twice)[1:-1]:.64} appears twice")
    return found


def _unread(_: str) -> None:
    """Numbers have been read already; 5,000 digits would cost time again."""
