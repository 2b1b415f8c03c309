"""The house rules that a linter can't see: who may import whom, and where time, chance and threads come in."""

import ast
import itertools
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# An arrow reads "may import": run.py -> gateway -> actors -> storage -> engine.
LAYERS = ("engine", "storage", "actors", "gateway", "run")

# Within the engine: products stand side by side on what they share, that on the ledger, the ledger on matching;
# accumulators are made of what betting offers.
ENGINE_LAYERS = (
    ("matching",),
    ("ledger",),
    ("trading",),
    ("spot", "prediction", "betting"),
    ("accumulators",),
    ("products",),
)

OUTSIDE_WORLD = {
    "time",
    "random",
    "uuid",
    "secrets",
    "threading",
    "concurrent",
    "multiprocessing",
    "asyncio",
    "datetime",
}

# Who may touch the outside world, and for what.
ADAPTERS = {
    "storage/bridge.py": "the thread in which asyncpg lives",
    "storage/connection.py": "runs inside that thread",
    "storage/pool.py": "runs inside that thread",
    "storage/line.py": "runs inside that thread",
    "gateway/rest/dates.py": "knows the calendar; what time it is now, it never asks",
    "run.py": "the composition root supplies the real ones",
}

ENGINE_NEVER = {"trio", "structlog", "logging", "os", "io", "socket", "asyncpg", "quart", "pathlib"}


def modules() -> list[Path]:
    folders = [path for layer in LAYERS[:-1] for path in sorted((ROOT / layer).rglob("*.py"))]
    return [*folders, *ROOT.glob("run.py")]


@cache
def imports(path: Path) -> frozenset[str]:
    """The full names that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_downwards(path: Path) -> None:
    """gateway may import actors, never the other way round; so for every pair of layers."""
    layer = LAYERS.index(path.relative_to(ROOT).parts[0].removesuffix(".py"))
    above = {name for name in imports(path) if name.split(".")[0] in LAYERS[layer + 1 :]}
    assert not above
    assert "tests" not in {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", sorted((ROOT / "engine").rglob("*.py")), ids=name_of)
def test_the_engine_is_pure(path: Path) -> None:
    """No clock, no chance, no I/O, no log; money is never a float."""
    roots = {name.split(".")[0] for name in imports(path)}
    assert not roots & (ENGINE_NEVER | OUTSIDE_WORLD)
    tree = ast.parse(path.read_text())
    floats = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, float)]
    divisions = [node for node in ast.walk(tree) if isinstance(node, ast.Div)]
    assert not floats
    assert not divisions


def out_of_reach(own: str) -> set[str]:
    """What a part of the engine may not import: what lies above it, and what stands beside it.

    A part that is in no layer, such as amounts, is the ground that all stand on.
    """
    level = next((level for level, parts in enumerate(ENGINE_LAYERS) if own in parts), -1)
    beside = ENGINE_LAYERS[level] if level >= 0 else ()
    return {*beside, *itertools.chain(*ENGINE_LAYERS[level + 1 :])} - {own}


@pytest.mark.parametrize("path", sorted((ROOT / "engine").rglob("*.py")), ids=name_of)
def test_products_stand_on_the_ledger_and_know_nothing_of_each_other(path: Path) -> None:
    """Inside the engine too, imports point one way."""
    own = path.relative_to(ROOT / "engine").parts[0].removesuffix(".py")
    imported = {name.split(".")[1] for name in imports(path) if name.startswith("engine.")}
    assert not imported & out_of_reach(own)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("amounts", {"matching", "ledger", "trading", "spot", "prediction", "betting", "accumulators", "products"}),
        ("matching", {"ledger", "trading", "spot", "prediction", "betting", "accumulators", "products"}),
        ("trading", {"spot", "prediction", "betting", "accumulators", "products"}),
        ("spot", {"prediction", "betting", "accumulators", "products"}),
        ("prediction", {"spot", "betting", "accumulators", "products"}),
        ("betting", {"spot", "prediction", "accumulators", "products"}),
        ("accumulators", {"products"}),
        ("products", set()),
    ],
)
def test_who_is_out_of_reach_of_whom(own: str, expected: set[str]) -> None:
    """The rule above, said again by hand: it can't go wrong unnoticed."""
    assert out_of_reach(own) == expected


def test_every_part_of_the_engine_is_in_a_layer_or_is_ground() -> None:
    """A new product is not forgotten."""
    parts = {path.name.removesuffix(".py") for path in (ROOT / "engine").iterdir() if not path.name.startswith("__")}
    assert parts - set(itertools.chain(*ENGINE_LAYERS)) == {"amounts", "messages", "refusals"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_time_chance_and_threads_come_in_through_adapters(path: Path) -> None:
    """Everything else gets them injected, so that a run can be repeated."""
    if name_of(path) not in ADAPTERS:
        assert not {name.split(".")[0] for name in imports(path)} & OUTSIDE_WORLD


def test_the_calendar_is_not_asked_for_the_time() -> None:
    tree = ast.parse((ROOT / "gateway/rest/dates.py").read_text())
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not attributes & {"now", "today", "utcnow"}


@pytest.mark.parametrize(
    "path", [path for path in modules() if path.parts[len(ROOT.parts)] in ("engine", "actors")], ids=name_of
)
def test_no_decision_depends_on_the_order_of_a_set(path: Path) -> None:
    """A literal set is only asked what is in it; for order there are lists and dicts."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.For | ast.comprehension):
            assert not isinstance(node.iter, ast.Set | ast.SetComp)
            called = node.iter.func if isinstance(node.iter, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id in ("set", "frozenset"))


def test_adapters_exist() -> None:
    """The list of exceptions names no file that has gone."""
    assert not [name for name in ADAPTERS if not (ROOT / name).exists()]


def test_files_fit_in_a_head() -> None:
    """Over 400 lines is too much for one noun."""
    long = {name_of(path): count for path in modules() if (count := len(path.read_text().splitlines())) > 400}
    assert not long


def test_nothing_is_committed_that_was_not_written_here() -> None:
    """No archive, no recording, no binary; no path of somebody's machine."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    assert not [name for name in tracked if name.endswith((".gz", ".zip", ".so", ".whl", ".csv"))]
