from django.urls import path

from tests.bench.office.admin import competent, tuned

urlpatterns = [path("admin/", competent.urls), path("tuned/", tuned.urls)]
