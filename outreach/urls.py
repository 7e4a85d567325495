"""Addresses of the outreach room."""

from __future__ import annotations

from django.urls import path

from outreach import views

urlpatterns = [
    path("visits/", views.visit_list, name="visit_list"),
    path("cases/<uuid:case_id>/visits/new/", views.visit_new, name="visit_new"),
    path("visits/<uuid:record_id>/edit/", views.visit_edit, name="visit_edit"),
    path("visits/<uuid:record_id>/history/", views.visit_history, name="visit_history"),
    path("visits/<uuid:record_id>/open/", views.visit_open, name="visit_open"),
    path(
        "carry-outs/<uuid:carry_out_id>/visits/new/",
        views.carry_out_visit_new,
        name="carry_out_visit_new",
    ),
]
