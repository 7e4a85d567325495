"""Every address of the product: each room keeps its own."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("", include("agencies.urls")),
    path("", include("cases.urls")),
    path("", include("plans.urls")),
    path("", include("meetings.urls")),
    path("", include("outreach.urls")),
    path("", include("participation.urls")),
    path("", include("community.urls")),
    path("", include("reports.urls")),
]
if settings.KASANE_DEMO:
    urlpatterns.append(path("", include("config.demo.urls")))

handler403 = "agencies.views.answers.denied"
