"""The description is valid, whole, and says what the code does."""

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from engine.refusals import Refusal
from gateway.openapi import ALWAYS, codes_of, document, with_openapi
from gateway.rest.routes import ROUTES, RouteClass
from gateway.statuses import STATUSES, Problem
from tests.gateway.houses import open_house

WHOLE = with_openapi(ROUTES)
DOCUMENT = document(WHOLE)


def test_it_is_valid() -> None:
    validate(DOCUMENT)


def test_every_route_is_in_it_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in WHOLE}


def test_every_route_of_the_issue_is_there() -> None:
    """Method and path as the issue lists them, under /api/v1."""
    wanted = """
        POST /auth/register   POST /auth/login   GET /auth/me   POST /auth/logout
        GET /account/balances   POST /account/deposit   POST /account/withdraw   POST /account/transfer
        GET /account/logs   GET /account/trades   GET /account/freezes
        POST /orders   GET /orders   GET /orders/{}   GET /orders/by-client-id/{}   DELETE /orders/{}   DELETE /orders
        GET /symbols   GET /symbols/{}   GET /symbols/{}/book   GET /symbols/{}/trades
        POST /admin/symbols   POST /admin/symbols/{}/halt   POST /admin/symbols/{}/resume   DELETE /admin/orders/{}
        GET /admin/orders   GET /admin/trades   GET /admin/accounts/{}   GET /admin/snapshot
        GET /admin/trial-balance   GET /admin/actors   GET /admin/audit   POST /admin/users/{}/role
        POST /admin/accounts/{}/suspend   POST /admin/accounts/{}/restore   POST /admin/house/fund
        GET /healthz   GET /readyz
    """
    there = {f"{route.method} {re.sub('{.*?}', '{}', route.path)}" for route in WHOLE}
    for line in wanted.split("   "):
        if line.strip():
            method, path = line.split()
            assert f"{method} /api/v1{path}" in there
    assert {"GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json"} <= there


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names)


def test_every_code_is_said_somewhere() -> None:
    said = {code for route in WHOLE for code in codes_of(route)}
    assert {*Refusal, *Problem} - said == {Problem.METHOD_NOT_ALLOWED, Problem.UPGRADE_REQUIRED}
    assert set(ALWAYS) < said


def test_answers_stand_under_their_status() -> None:
    place = DOCUMENT["paths"]["/api/v1/orders"]["post"]
    assert {"200", "201", "400", "401", "403", "404", "409", "413", "422", "500", "503", "504"} <= set(
        place["responses"]
    )
    assert "WOULD_CROSS" in place["responses"][str(STATUSES[Refusal.WOULD_CROSS].on_v1)]["description"]
    assert place["security"] == [{"token": []}]
    assert "security" not in DOCUMENT["paths"]["/api/v1/symbols"]["get"]


def test_every_limited_route_says_so_and_when_to_come_back() -> None:
    for route in WHOLE:
        answers = DOCUMENT["paths"][route.path][route.method.lower()]["responses"]
        assert ("429" in answers) == (route.route_class is not RouteClass.OPERATIONS), route.path
        if "429" in answers:
            assert "TOO_MANY_REQUESTS" in answers["429"]["description"]
            assert answers["429"]["headers"]["Retry-After"]["schema"]["type"] == "integer"
        assert "Retry-After" in answers["503"]["headers"]


def test_fields_stand_where_they_are_sent() -> None:
    role = DOCUMENT["paths"]["/api/v1/admin/users/{id}/role"]["post"]
    assert [(p["name"], p["in"], p["required"]) for p in role["parameters"]] == [("id", "path", True)]
    schema = role["requestBody"]["content"]["application/json"]["schema"]
    assert (set(schema["properties"]), schema["required"]) == ({"role", "reason"}, ["role"])
    listed = DOCUMENT["paths"]["/api/v1/orders"]["get"]
    assert {p["name"] for p in listed["parameters"]} == {"symbol", "state", "before", "limit"}
    assert {p["in"] for p in listed["parameters"]} == {"query"}
    book = DOCUMENT["paths"]["/api/v1/symbols/{symbol}/book"]["get"]
    assert [(p["name"], p["in"]) for p in book["parameters"]] == [("symbol", "path"), ("depth", "query")]


def patterns(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["pattern"]] if isinstance(node.get("pattern"), str) else []
        return own + [found for value in node.values() for found in patterns(value)]
    return [found for value in node for found in patterns(value)] if isinstance(node, list) else []


def test_patterns_are_written_for_javascript() -> None:
    found = patterns(DOCUMENT)
    assert found
    for pattern in found:
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert "\\Z" not in pattern


@pytest.mark.trio
async def test_it_is_served() -> None:
    async with open_house() as house:
        reply = await house.call("GET", "/openapi.json")
        assert (reply.status, reply.json) == (200, DOCUMENT)
