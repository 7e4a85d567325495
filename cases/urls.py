"""Addresses of the cases room."""

from __future__ import annotations

from django.urls import path

urlpatterns: list = [
]
