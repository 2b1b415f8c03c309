"""Which route a request is for: a path without fields by one look-up, the others by their segments."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

Target = TypeVar("Target")

NO_FIELDS: Mapping[str, bytes] = {}


class Pattern(Generic[Target]):
    """A path with fields, cut at its slashes."""

    def __init__(self, path: str) -> None:
        self.path = path
        segments = path.split("/")
        self.segments = [None if segment.startswith("{") else segment.encode() for segment in segments]
        self.fields = [(n, segment[1:-1]) for n, segment in enumerate(segments) if segment.startswith("{")]
        self.targets: dict[str, Target] = {}

    def matches(self, segments: list[bytes]) -> bool:
        """Whether as many segments are the same, but for the fields; a field is not empty."""
        pairs = zip(self.segments, segments, strict=True)
        return all(bool(given) if known is None else known == given for known, given in pairs)


class Router(Generic[Target]):
    """Finds what was entered by method and path."""

    def __init__(self, entries: Iterable[tuple[str, str, Target]]) -> None:
        self._exact: dict[bytes, dict[str, Target]] = {}
        self._patterns: dict[int, list[Pattern[Target]]] = {}
        for method, path, target in entries:
            targets = self._targets(path)
            assert method not in targets, (method, path)
            targets[method] = target

    def _targets(self, path: str) -> dict[str, Target]:
        if "{" not in path:
            return self._exact.setdefault(path.encode(), {})
        alike = self._patterns.setdefault(len(path.split("/")), [])
        pattern = next((known for known in alike if known.path == path), None)
        if pattern is None:
            pattern = Pattern(path)
            alike.append(pattern)
        return pattern.targets

    def find(self, raw_path: bytes) -> tuple[Mapping[str, Target], Mapping[str, bytes]] | None:
        """Return the targets of a path by method, and its fields; None for an unknown path.

        Path and fields are as sent: a slash inside of a field comes as %2F.
        """
        targets = self._exact.get(raw_path)
        if targets is not None:
            return targets, NO_FIELDS
        segments = raw_path.split(b"/")
        for pattern in self._patterns.get(len(segments), ()):
            if pattern.matches(segments):
                return pattern.targets, {name: segments[place] for place, name in pattern.fields}
        return None
