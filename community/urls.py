"""Addresses of the community room."""

from __future__ import annotations

from django.urls import path

from community import views

urlpatterns = [
    path("community/", views.community_home, name="community_home"),
    path("community/places/new/", views.place_new, name="place_new"),
    path("community/places/<uuid:place_id>/", views.place_detail, name="place_detail"),
    path("community/places/<uuid:place_id>/edit/", views.place_edit, name="place_edit"),
    path("community/places/<uuid:place_id>/end/", views.place_end, name="place_end"),
    path("community/places/<uuid:place_id>/events/new/", views.event_new, name="event_new"),
    path("community/issues/new/", views.community_issue_new, name="community_issue_new"),
    path(
        "community/issues/<uuid:issue_id>/",
        views.community_issue_detail,
        name="community_issue_detail",
    ),
    path(
        "community/issues/steps/<uuid:step_id>/answer/",
        views.community_issue_answer,
        name="community_issue_answer",
    ),
    path(
        "cases/<uuid:case_id>/community-issues/new/",
        views.community_issue_from_case,
        name="community_issue_from_case",
    ),
]
