"""Login, logout and the language switch: the same on every host."""

from django.urls import path
from django.views.i18n import set_language

from .views import account

urlpatterns = [
    path("login/", account.Login.as_view(), name="login"),
    path("logout/", account.Logout.as_view(), name="logout"),
    path("language/", set_language, name="set_language"),
]
