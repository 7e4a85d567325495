"""Addresses of the participation room."""

from __future__ import annotations

from django.urls import path

from participation import views

urlpatterns = [
    path("participation/", views.match_list, name="match_list"),
    path("participation/resources/", views.resource_list, name="resource_list"),
    path("participation/resources/new/", views.resource_new, name="resource_new"),
    path(
        "participation/resources/<uuid:resource_id>/edit/",
        views.resource_edit,
        name="resource_edit",
    ),
    path(
        "participation/resources/<uuid:resource_id>/end/", views.resource_end, name="resource_end"
    ),
    path("participation/<uuid:match_id>/", views.match_detail, name="match_detail"),
    path("cases/<uuid:case_id>/matches/new/", views.match_new, name="match_new"),
]
