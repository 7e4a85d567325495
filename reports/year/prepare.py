"""What a simulation's product begins with: its tables, the worker's key, five cities and the people
of their offices, by the product's own commands in one process. Started by `reports.year.running`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.core.management import call_command


def main(profiles: Path) -> None:
    call_command("migrate", database="owner", verbosity=0)
    call_command("install_worker_key")
    for file in sorted(profiles.glob("*.toml")):
        call_command("load_city", str(file), verbosity=0)
    call_command("load_demo", "--people")


if __name__ == "__main__":
    django.setup()
    main(Path(sys.argv[1]))
