"""The community room."""

from django.apps import AppConfig


class CommunityConfig(AppConfig):
    name = "community"
