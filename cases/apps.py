"""The cases room."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = "世帯・相談・同意・記録"
