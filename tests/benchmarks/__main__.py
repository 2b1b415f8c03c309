"""`make bench`: every figure in one run, with the machine it was taken on. `python -m tests.benchmarks QUICK` is short.

Figures are printed, never asserted: machines differ, ratios of one run less so.
"""

import os
import platform
import sys

import trio

from tests.benchmarks import actors, fan_out, inside, matching, sockets


def machine() -> str:
    """Say what this was run on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {os.cpu_count()} cores, {platform.platform()}"


def main(quick: bool) -> None:
    """Run all benchmarks, the small parts first."""
    print(machine())
    print("\n# The matching core, beside bourse and lightmatchingengine, on one random walk")
    matching.run(20_000 if quick else 200_000)
    print("\n# Actors")
    actors.main()
    print("\n# The way of an order without a socket")
    trio.run(inside.run, 3.0 if quick else 30.0)
    print("\n# The gateway beside a bare quart-trio echo")
    sockets.run(2.0 if quick else 10.0)
    print("\n# One change of odds, to everybody who follows the match")
    fan_out.run(5 if quick else fan_out.CHANGES, (10, 50) if quick else fan_out.SUBSCRIBERS)


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)  # as run.py does
    main(quick="QUICK" in sys.argv[1:])
