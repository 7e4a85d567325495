"""Every address of the product: each room keeps its own."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("", include("agencies.urls")),
    path("", include("cases.urls")),
]
if settings.KASANE_DEMO:
    urlpatterns.append(path("", include("config.demo.urls")))

handler403 = "agencies.views.denied"
