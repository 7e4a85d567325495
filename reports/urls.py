"""Addresses of the reports room."""

from django.urls import path

from reports import views
from reports.review import telling, why
from reports.review import views as review

urlpatterns = [
    path("access-review/", review.access_review, name="access_review"),
    path("access-review/patterns/", review.access_patterns, name="access_patterns"),
    path("access-review/seal/print/", review.seal_print, name="seal_print"),
    path("access-review/why/", why.review_why, name="review_why"),
    path("access-review/disclosure/", telling.look_find, name="look_find"),
    path("access-review/disclosure/<uuid:person_id>/", telling.look_person, name="look_person"),
    path("access-review/disclosure/<uuid:person_id>/print/", telling.look_paper, name="look_paper"),
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
