"""The first month of the simulated year with everything real: PostgreSQL, Valkey, workers, beats,
and a clock that is moved. Alone, because a starved machine makes it long."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from reports.year import clock

ROOT = Path(__file__).parents[2]
WRONG = ("missing", "double", "on_holiday", "refused", "not_done")


def simulated(*options):
    command = [sys.executable, "manage.py", "simulate_year", "--json", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500)
    assert done.stdout, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert {name: found[name] for name in WRONG} == {name: [] for name in WRONG}
    assert found["done"] == found["expected"]
    assert done.returncode == 0
    return found


def test_the_month_before_golden_week_is_right():
    found = simulated("--months", "1")
    # 4/6, 4/20 and 5/7 are noticed until the end of April, from five working days before.
    assert found["expected"]["notice"]["kusatsu"] == 3
    assert found["expected"]["eve"]["kurume"] == 1
    assert found["expected"]["job make_sittings"]["gifu"] == 30
    assert found["faults"] == found["tried_again"] == {}


def test_a_month_must_be_one_of_the_year():
    command = [sys.executable, "manage.py", "simulate_year", "--months", "13"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "--months は1から12まで" in done.stderr


def test_without_the_tool_nothing_starts(monkeypatch):
    monkeypatch.setattr(clock, "PACKAGE", "no_such_package")
    with pytest.raises(CommandError, match="時計を動かす道具がありません"):
        call_command("simulate_year", months=1)


def test_what_runs_in_a_city_has_nothing_that_moves_a_clock():
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.yml", "Dockerfile", "Makefile"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    known = {name for name in tracked if "faketime" in (ROOT / name).read_text().lower()}
    assert known == {
        "reports/year/clock.py", "reports/year/office.py", "tests/reports/test_simulated_year.py",
    }  # fmt: skip
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert not [name for name in project["project"]["dependencies"] if "faketime" in name]
    assert "--no-dev" in (ROOT / "Dockerfile").read_text()
