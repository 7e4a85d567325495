"""Two months of the simulated year, and one of kills and restarts: `make test` plays the first."""

from __future__ import annotations

from tests.reports.test_simulated_year import simulated


def test_two_months_with_golden_week_are_right():
    found = simulated("--months", "2")
    # 4/6, 4/20, 5/7, 5/18 and 6/1 are noticed until the end of May, from five working days before.
    assert found["expected"]["notice"]["kusatsu"] == 5
    assert found["expected"]["eve"]["kurume"] == 2
    assert found["expected"]["job make_sittings"]["gifu"] == 61
    assert found["faults"] == found["tried_again"] == {}


def test_a_month_of_kills_and_restarts_is_right():
    found = simulated("--months", "1", "--faults", "--seed", "1")
    struck = found["faults"]
    assert {"worker killed", "database restarted", "Valkey restarted"} <= set(struck)
    assert sum(struck.values()) >= 10
