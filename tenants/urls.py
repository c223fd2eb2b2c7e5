"""The county console's pages about tenants, under tenants/ on the county's host."""

from django.urls import path

from tenants import views

app_name = "tenants"

urlpatterns = [
    path("", views.tenant_list, name="list"),
    path("new/", views.tenant_new, name="new"),
    path("many/", views.tenant_many, name="many"),
    path("references/", views.references, name="references"),
    path("runs/", views.runs, name="runs"),
    path("runs/now/", views.runs_now, name="runs_now"),
    path("runs/<int:pk>/", views.run_page, name="run"),
    path("runs/<int:pk>/continue/", views.run_continue, name="continue"),
]
