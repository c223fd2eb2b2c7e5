"""Pages of the catalogue on the county's console."""

from django.urls import path

from core.county.publishing.views import calendars, grants, items, overview, papers, releases, transfer

app_name = "publishing"

urlpatterns = [
    path("", overview.home, name="home"),
    path("problems/", overview.problems, name="problems"),
    path("items/", items.item_list, name="items"),
    path("items/new/", items.item_new, name="item_new"),
    path("items/edit/<path:code>/", items.item_edit, name="item"),
    path("items/withdraw/<path:code>/", items.item_withdraw, name="item_withdraw"),
    path("grants/", grants.grant_list, name="grants"),
    path("grants/new/", grants.grant_new, name="grant_new"),
    path("grants/edit/<path:code>/", grants.grant_edit, name="grant"),
    path("grants/withdraw/<path:code>/", grants.grant_withdraw, name="grant_withdraw"),
    path("papers/", papers.paper_list, name="papers"),
    path("papers/edit/<path:key>", papers.paper_edit, name="paper"),
    path("papers/reset/<path:key>", papers.paper_reset, name="paper_reset"),
    path("calendar/", calendars.calendar_list, name="calendars"),
    path("calendar/<int:year>/", calendars.calendar_edit, name="calendar"),
    path("calendar/<int:year>/take/", calendars.calendar_take, name="calendar_take"),
    path("import/", transfer.import_page, name="import"),
    path("export/<str:form>/", transfer.export, name="export"),
    path("template.xlsx", transfer.template, name="template"),
    path("changes/", releases.changes, name="changes"),
    path("publish/", releases.publish, name="publish"),
    path("releases/", releases.release_list_page, name="releases"),
    path("releases/<int:number>/recall/", releases.recall, name="recall"),
]
