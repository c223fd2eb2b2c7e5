"""Addresses of the registry, under the county's host name."""

from django.urls import path

from .views import machines, nodes, policies, positions, staff

app_name = "registry"
urlpatterns = [
    path("enrol/", machines.enrol, name="enrol"),
    path("nodes/", nodes.fleet, name="fleet"),
    path("points/", nodes.points, name="points"),
    path("points/<str:code>/", nodes.point, name="point"),
    path("points/<str:code>/position/", positions.position, name="position"),
    path("points/<str:code>/asked/", nodes.asked, name="asked"),
    path("points/<str:code>/code/", nodes.code_issue, name="code_issue"),
    path("points/<str:code>/file/", nodes.file_answer, name="file_answer"),
    path("points/<str:code>/revoke/", nodes.revoke, name="revoke"),
    path("limits/", policies.policies, name="policies"),
    path("staff/", staff.staff_list, name="staff_list"),
    path("staff/new/", staff.staff_new, name="staff_new"),
    path("staff/<str:code>/", staff.staff, name="staff"),
    path("staff/<str:code>/<str:what>/", staff.staff_change, name="staff_change"),
]
