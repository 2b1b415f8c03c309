"""The README is run: its commands on a new Rialto, what comes out beside what it shows; its tables beside the code."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import VARIABLES, Settings
from gateway.tools.batch_orders.file import read_orders
from gateway.tools.mm_bot.settings import read_settings
from tests.end_to_end.servers import CHECKOUT, Rialto, running_rialto

README = (CHECKOUT / "README.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(sh|python|json)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
PROGRAMS = {  # what blocks of Python are to be saved as
    code: re.findall(r"With this as `(\w+\.py)`", README[: README.index(code)])[-1]
    for kind, code in BLOCKS
    if kind == "python"
}
PLACE = "127.0.0.1:8080"  # where the README's Rialto serves
END = "=== end of a block"


@pytest.fixture(scope="module")
def new_rialto() -> Iterator[Rialto]:
    """Return one as the README's reader has it: just started, with a password of its own making."""
    with running_rialto(ADMIN_PASSWORD="") as rialto:
        yield rialto


# What it shows


@pytest.mark.slow
def test_what_the_readme_shows_comes_out(new_rialto: Rialto) -> None:
    """All blocks run in one shell, as one would type them, in the folder that has `data` in it."""
    folder = new_rialto.data_path.parent
    runs = [(kind, code) for kind, code in BLOCKS if kind != "json"]
    for code, name in PROGRAMS.items():
        (folder / name).write_text(at(new_rialto, code))
    (folder / ".venv").symlink_to(Path(sys.prefix))
    shown_next = {code for (_, code), (kind, _) in pairwise(BLOCKS) if kind == "json"}
    lines = [
        code if kind == "sh" else f".venv/bin/python {PROGRAMS[code]}\n" if code in shown_next else ""
        for kind, code in runs
    ]
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", at(new_rialto, "".join(f"{line}echo '{END}'\n" for line in lines))],
        cwd=folder,
        env={**os.environ, "RIALTO_DATA": "", "PYTHONPATH": str(CHECKOUT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    shown = [
        read_all(below) if kind_below == "json" else []
        for (kind, _), (kind_below, below) in pairwise([*BLOCKS, ("", "")])
        if kind != "json"
    ]
    came_out = [read_all(text) for text in ran.stdout.split(END)]
    assert came_out.pop() == []
    assert shortened(came_out, shown) == shown


def at(rialto: Rialto, text: str) -> str:
    return text.replace(PLACE, f"127.0.0.1:{rialto.port}")


def read_all(text: str) -> list[Any]:
    """Read JSON values, one after the other."""
    values = []
    while text := text.strip():
        value, end = json.JSONDecoder().raw_decode(text)
        values.append(value)
        text = text[end:]
    return values


def shortened(value: Any, like: Any) -> Any:
    """Leave out the fields that `like` leaves out; lists keep their lengths."""
    if isinstance(value, dict) and isinstance(like, dict):
        return {field: shortened(value[field], like[field]) for field in value if field in like}
    if isinstance(value, list) and isinstance(like, list) and len(value) == len(like):
        return [shortened(*pair) for pair in zip(value, like, strict=True)]
    return value


def test_the_bot_takes_the_settings_that_the_readme_shows() -> None:
    settings, warnings = read_settings(shown_as("json5"))
    assert (settings.market_ids, warnings) == ((6,), [])


def test_the_batch_tool_takes_the_file_that_the_readme_shows() -> None:
    assert [line.number for line in read_orders(shown_as("csv"), "orders.csv")] == [2, 3, 4]


def shown_as(kind: str) -> str:
    """The only block of this kind."""
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert isinstance(text, str)
    return text


# What it lists


def test_the_readme_lists_all_settings_with_their_defaults() -> None:
    listed = {
        name: default.strip().strip("`")
        for names, default in re.findall(r"^\| (`[A-Z_`, ]+`) \|([^|]*)\|", README, re.MULTILINE)
        for name in re.findall(r"[A-Z_]+", names)
    }
    settings = Settings()
    assert listed == {name: shown(name, getattr(settings, field)) for name, (field, _) in VARIABLES.items()}


def shown(name: str, default: Any) -> str:
    """How the README writes a default."""
    if name in ("HOUSE_SEED_USD", "BETTING_POOL"):
        return str(default // 10_000)  # it is kept in hundredths of a cent
    if name in ("JWT_SECRET", "ADMIN_PASSWORD"):
        return "made once"
    if isinstance(default, bool):
        return str(int(default))
    if isinstance(default, float):
        return f"{default:g}"
    return str(default) if default not in (None, ()) else ""


def test_the_readme_names_the_commands_of_the_makefile() -> None:
    targets = set(re.findall(r"^(\w+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make (\w+)", README, re.MULTILINE))
    assert named <= targets
    assert {"run", "test", "check", "bench", "replay", "season", "verify"} <= named


SENTENCES: list[str] = re.findall(r"^\| `([A-Z][^`]* [^`]*)` \|", README, re.MULTILINE)


@pytest.mark.parametrize("row", [2, 3, 6])
def test_what_is_hard_to_bring_about_is_at_least_in_the_code(row: int) -> None:
    """The other rows are brought about below."""
    sources = [CHECKOUT / "run.py", *(CHECKOUT / "storage").rglob("*.py")]
    said = SENTENCES[row].rstrip("0123456789")
    assert any(said in source.read_text() for source in sources), said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "folder", "environment"),
    [
        (0, "another", {}),
        (1, "data", {}),
        (4, "another", {"DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/nowhere"}),
        (5, "another", {"BIND_PORT": "eighty"}),
    ],
)
def test_what_the_readme_says_of_a_failed_start_is_said(
    new_rialto: Rialto, row: int, folder: str, environment: dict[str, str]
) -> None:
    """Another Rialto on the port of one that runs; in its folder; without a database; with a wrong setting."""
    said = SENTENCES[row].replace("8080", str(new_rialto.port)).replace("4711", str(new_rialto.process.pid))
    place = {"RIALTO_DATA": str(new_rialto.data_path.with_name(folder)), "BIND_PORT": str(new_rialto.port)}
    ran = subprocess.run(
        [sys.executable, "run.py"],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": "", **place, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert ran.stdout.splitlines()[-1].startswith(said)
