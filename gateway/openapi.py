"""The description of the REST API, made from the table of routes and from the types that validate."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from engine.refusals import Refusal
from gateway.answers import RETRY_AFTER_S, Answer
from gateway.context import Caller, Gateway
from gateway.rest.route import WITH_BODY, Access, Route, RouteClass
from gateway.rest.symbols import NoRequest
from gateway.shapes import ErrorBody
from gateway.statuses import STATUSES, Code, Problem

Json = dict[str, Any]

PATH = "/openapi.json"

# What every route may answer beside its own codes.
ALWAYS = (Problem.INTERNAL_ERROR, Problem.BUSY, Problem.SHUTTING_DOWN, Problem.DATABASE_AWAY, Problem.UNKNOWN)
FOR_ACCESS: Mapping[Access, tuple[Code, ...]] = {
    Access.ANYONE: (),
    Access.SESSION: (Problem.UNAUTHORIZED, Refusal.ACCOUNT_SUSPENDED),
    Access.USER: (Problem.UNAUTHORIZED, Refusal.ACCOUNT_SUSPENDED, Refusal.FORBIDDEN),
    Access.MARKET_MAKER: (Problem.UNAUTHORIZED, Refusal.ACCOUNT_SUSPENDED, Refusal.FORBIDDEN),
    Access.ADMIN: (Problem.UNAUTHORIZED, Refusal.ACCOUNT_SUSPENDED, Refusal.FORBIDDEN),
}
FOR_BODY = (Problem.TOO_LARGE, Problem.TOO_SLOW)

# Which answers say when to come back.
PASSING = {str(STATUSES[code].on_v1) for code in RETRY_AFTER_S}
RETRY_AFTER: Json = {
    "Retry-After": {
        "description": "The seconds after which it makes sense to try again",
        "schema": {"type": "integer", "minimum": 1},
    }
}


def with_openapi(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Add the route that describes them all, itself included."""
    described = b""

    async def get_openapi(_: Gateway, __: Caller, ___: NoRequest) -> Answer:
        """This description."""
        return Answer(200, described)

    whole = (*routes, Route("GET", PATH, get_openapi, NoRequest, {200: Json}, Access.ANYONE, RouteClass.OPERATIONS))
    described = msgspec.json.encode(document(whole))
    return whole


def document(routes: tuple[Route, ...]) -> Json:
    """Describe the routes as OpenAPI 3.1."""
    schemas = Schemas(routes)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "Rialto",
            "version": "1",
            "description": (
                "Amounts and prices are decimal strings, times are ms since 1970 UTC, lists are bare. "
                "Prediction markets (/api/* without v1, and /api/v1/prediction) have prices as numbers, in cents. "
                "In betting (/api/v1/markets, odds, bets, accumulators) amounts are strings of whole smallest units."
            ),
        },
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    ported: Json = _ported(whole)
    return ported


class Schemas:
    """JSON schemas of everything that routes take and give."""

    def __init__(self, routes: Iterable[Route]) -> None:
        types = [ErrorBody]
        for route in routes:
            for kind in (route.request, *route.answers.values()):
                types += kind if isinstance(kind, tuple) else () if kind is None else (kind,)
        schemas, self.components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
        self._by_type = list(zip(types, schemas, strict=True))

    def of(self, kind: Any) -> Json:
        """The schema of a type, or of a tuple of types of which a body has one."""
        if isinstance(kind, tuple):
            return {"anyOf": [self.of(one) for one in kind]}
        return next(schema for known, schema in self._by_type if known == kind)

    def fields(self, kind: type[msgspec.Struct]) -> tuple[dict[str, Json], list[str]]:
        """A request's fields, and which of them are needed."""
        component = self.components[kind.__name__]
        return component["properties"], component.get("required", [])


def _operation(route: Route, schemas: Schemas) -> Json:
    summary, _, more = (route.handler.__doc__ or "").partition("\n")
    in_path = re.findall(r"\{(\w+)\}", route.path)
    operation: Json = {
        "operationId": operation_id(route),
        "summary": summary,
        "tags": [route.route_class.value],
        "responses": _responses(route, schemas),
    }
    if more.strip():
        operation["description"] = " ".join(more.split())
    if route.access is not Access.ANYONE:
        operation["security"] = [{"token": []}]
    if route.request is NoRequest:
        return operation
    fields, required = schemas.fields(route.request)
    in_query = route.in_query if route.method in WITH_BODY else [name for name in fields if name not in in_path]
    if in_path or in_query:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": fields[name]} for name in in_path
        ] + [{"name": name, "in": "query", "required": name in required, "schema": fields[name]} for name in in_query]
    if route.method in WITH_BODY:
        operation["requestBody"] = _body(route, schemas, in_path)
    return operation


def operation_id(route: Route) -> str:
    """Name an operation after its handler; what is served at the root as well has a name of its own there."""
    return route.handler.__name__ + ("" if route.path.startswith("/api/") else "_at_root")


def _body(route: Route, schemas: Schemas, in_path: list[str]) -> Json:
    schema = schemas.of(route.request)
    required = True
    if in_path or route.in_query:  # the rest of the fields
        fields, needed = schemas.fields(route.request)
        needed = [name for name in needed if name not in in_path and name not in route.in_query]
        required = bool(needed)
        schema = {
            "type": "object",
            "properties": {name: field for name, field in fields.items() if name not in in_path},
            "required": needed,
        }
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _responses(route: Route, schemas: Schemas) -> Json:
    responses: Json = {}
    for status, kind in route.answers.items():
        response: Json = {"description": "Done" if status != 202 else "Under way"}
        if kind is not None:
            content_type = "text/plain" if kind is str else "application/json"
            response["content"] = {content_type: {"schema": schemas.of(kind)}}
        responses[str(status)] = response
    by_status: dict[int, list[str]] = {}
    for code in codes_of(route):
        by_status.setdefault(STATUSES[code].on(route.path), []).append(code.value)
    for status, codes in sorted(by_status.items()):
        content = {"application/json": {"schema": schemas.of(ErrorBody)}}
        response = {"description": ", ".join(dict.fromkeys(codes)), "content": content}
        if str(status) in PASSING:
            response["headers"] = RETRY_AFTER
        responses.setdefault(str(status), response)
    return responses


def codes_of(route: Route) -> tuple[Code, ...]:
    """All codes that a route may answer."""
    has_fields = route.request is not NoRequest
    return (
        *((Refusal.MALFORMED,) if has_fields else ()),
        *FOR_ACCESS[route.access],
        *route.refusals,
        *(FOR_BODY if has_fields and route.method in WITH_BODY else ()),
        *((Problem.TOO_MANY_REQUESTS,) if route.route_class is not RouteClass.OPERATIONS else ()),
        *ALWAYS,
    )


def _ported(node: Any) -> Any:
    r"""Write Python's patterns as JavaScript's: `\Z` is `$` there."""
    if isinstance(node, dict):
        return {
            key: value.replace(r"\Z", "$") if key == "pattern" and isinstance(value, str) else _ported(value)
            for key, value in node.items()
        }
    return [_ported(value) for value in node] if isinstance(node, list | tuple) else node
