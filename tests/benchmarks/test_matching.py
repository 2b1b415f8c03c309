"""The benchmark of the core, tiny, so that it doesn't rot; its speed is not judged."""

import pytest

from tests.benchmarks import matching


def test_all_engines_do_the_same_work(capsys: pytest.CaptureFixture[str]) -> None:
    results = matching.run(operations=2_000)
    assert [result.engine for result in results] == ["rialto", "bourse", "lightmatchingengine"]
    assert results[0].outcome.fills > 200
    assert {result.outcome for result in results} == {results[0].outcome}
    assert capsys.readouterr().out.count("M op/s") == 3


def test_one_seed_is_one_flow() -> None:
    assert matching.flow(500, seed=3) == matching.flow(500, seed=3)
    assert matching.flow(500, seed=3) != matching.flow(500, seed=4)
