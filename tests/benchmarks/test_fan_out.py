"""The benchmark of the fan-out, tiny, so that it doesn't rot; its speed is not judged."""

import pytest

from tests.benchmarks import fan_out


@pytest.mark.slow
def test_everybody_hears_of_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    fan_out.run(changes=3, subscribers=(2, 10))
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[:2] for row in rows] == [["2", "subscribers,"], ["10", "subscribers,"]]
    assert all(row.count("p50") == row.count("p99") == 2 for row in rows)


def test_percentiles_are_of_all_changes_in_milliseconds() -> None:
    figures = fan_out.Figures([second / 1_000 for second in range(1, 101)], [-0.005] * 100)
    row = fan_out.line(1_000, figures)
    assert row == (
        " 1,000 subscribers, ms to each:  since sent p50   51.0  p99  100.0   since answered p50   -5.0  p99   -5.0"
    )
