"""The agencies room; `panels`, `candidates` and `tasks` of every room are read once all is
loaded."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AgenciesConfig(AppConfig):
    name = "agencies"
    verbose_name = "機関・利用者・記録の足あと"

    def ready(self) -> None:
        autodiscover_modules("panels")
        autodiscover_modules("candidates")
        autodiscover_modules("tasks")
