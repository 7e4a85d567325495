"""Every address of the product: each room keeps its own."""

from django.conf import settings
from django.urls import include, path
from django.views.generic import TemplateView

urlpatterns = [
    path("", include("agencies.urls")),
]
if settings.KASANE_DEMO:
    urlpatterns.append(path("gallery/", TemplateView.as_view(template_name="gallery.html")))

handler403 = "agencies.views.denied"
