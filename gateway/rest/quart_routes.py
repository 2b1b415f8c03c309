"""The REST API on Quart: every route of the table is a view, and bad news keep our shape."""

import re
from collections.abc import Awaitable, Callable
from functools import cache

from quart import Response, request
from quart.routing import QuartMap, QuartRule
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge, RequestTimeout

from engine.refusals import Refusal
from gateway.answers import Answer, Rejected, failure
from gateway.context import answer_for
from gateway.limits import BODY_BYTES_MAX
from gateway.rest.dispatch import Dispatcher, Target
from gateway.rest.fast_lane import TOO_LARGE, on_the_wire
from gateway.statuses import Problem

BODY_TIMEOUT_S = 60  # Quart's own; the request's deadline is the one that counts


def make_quart(dispatcher: Dispatcher | None = None) -> QuartTrio:
    """Make the Quart application of a dispatcher's routes; without one it has no path, only our bad news."""
    quart = QuartTrio("rialto", static_folder=None)
    quart.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    quart.config["BODY_TIMEOUT"] = BODY_TIMEOUT_S
    quart.url_map.merge_slashes = False  # a redirect would be HTML
    quart.register_error_handler(HTTPException, _http_error)
    quart.register_error_handler(Exception, _other_error)
    if dispatcher is not None:
        quart.url_map = _url_map(tuple((target.route.method, target.route.path) for target in dispatcher.targets))
        for target in dispatcher.targets:
            quart.view_functions[_endpoint(target.route.method, target.route.path)] = _view(dispatcher, target)
    return quart


@cache
def _url_map(paths: tuple[tuple[str, str], ...]) -> QuartMap:
    """Compile methods and paths. A hundred take 18 ms, so applications share the map (tests open thousands).

    Nobody may add a rule to it: that would be a path of all of them, with a view in one.
    """
    url_map = QuartMap(merge_slashes=False)
    for method, path in paths:
        url_map.add(QuartRule(_rule(path), methods=[method], endpoint=_endpoint(method, path)))
    return url_map


def _endpoint(method: str, path: str) -> str:
    return f"{method} {path}".replace(".", " ")


def _rule(path: str) -> str:
    """Write a path as Quart does; a client's own id may have slashes in it (sent as %2F)."""
    return re.sub(r"\{(client\w+Id)\}", r"<path:\1>", path).replace("{", "<").replace("}", ">")


def _view(dispatcher: Dispatcher, target: Target) -> Callable[..., Awaitable[Response]]:
    async def view(**fields: str) -> Response:
        return _response(await dispatcher.serve(target, fields, request.scope, _read_body))

    return view


async def _read_body() -> bytes:
    """Read the request's body. Raises Rejected(TOO_LARGE, TOO_SLOW)."""
    try:
        body = await request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise Rejected(Problem.TOO_LARGE, TOO_LARGE) from None
    except RequestTimeout:
        raise Rejected(Problem.TOO_SLOW, "the body took too long to come") from None
    assert isinstance(body, bytes)  # as_text was not asked for
    return body


async def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 404:
        return _response(failure(Refusal.NOT_FOUND, "there is no such path: /openapi.json has the list"))
    if isinstance(error, MethodNotAllowed):
        methods = ", ".join(sorted(set(error.valid_methods or ()) - {"HEAD"}))
        answer = failure(Problem.METHOD_NOT_ALLOWED, f"this path takes {methods}")
        return _response(answer, {"allow": methods})
    if status == 413:
        return _response(failure(Problem.TOO_LARGE, TOO_LARGE))
    if status < 500:
        return _response(failure(Refusal.MALFORMED, "this request can't be read"))
    return _response(answer_for(error))


async def _other_error(error: Exception) -> Response:
    return _response(answer_for(error))


def _response(answer: Answer, more_headers: dict[str, str] | None = None) -> Response:
    body, headers = on_the_wire(answer)
    shown = {name.decode(): value.decode() for name, value in headers} | (more_headers or {})
    response = Response(body, answer.status, shown)
    if answer.body is None:
        del response.headers["content-type"]
    return response
