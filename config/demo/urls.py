"""Addresses that exist in the demo alone."""

from django.urls import path

from config.demo.gallery import gallery, gallery_genogram

urlpatterns = [
    path("gallery/", gallery, name="gallery"),
    path("gallery/genogram/", gallery_genogram, name="gallery_genogram"),
]
