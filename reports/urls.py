"""Addresses of the reports room."""

from django.urls import path

from reports import views

urlpatterns = [
    path("reports/", views.report_home, name="report_home"),
    path("reports/<int:year>/", views.report_year, name="report_year"),
    path("reports/<int:year>/recount/", views.report_recount, name="report_recount"),
    path("reports/<int:year>/print/", views.report_print, name="report_print"),
    path("reports/<int:year>/xlsx/", views.report_xlsx, name="report_xlsx"),
    path(
        "reports/<int:year>/indicators/<int:indicator_id>/",
        views.indicator_edit,
        name="indicator_edit",
    ),
]
