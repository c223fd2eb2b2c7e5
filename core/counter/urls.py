"""The counter's pages: under every hall's host name on the core, and on every node."""

from django.urls import include, path

from .views import acts, cases, intake, items, papers, start, todo, verify

app_name = "counter"

urlpatterns = [
    path("", start.home, name="home"),
    path("network/", start.network_bar, name="network"),
    path("to-do/", todo.todo_cards, name="todo_cards"),
    path("to-do/<slug:kind>/", todo.todo, name="todo"),
    path("to-deliver/", todo.to_deliver, name="to_deliver"),
    path("items/", items.items, name="items"),
    path("items/<str:item_code>/", items.item, name="item"),
    path("items/<str:item_code>/card/", items.item_paper, {"paper": "card"}, name="item_card"),
    path("items/<str:item_code>/notice/", items.item_paper, {"paper": "notice"}, name="item_notice"),
    path("intake/identity/", intake.identity_check, name="identity"),
    path("intake/<str:item_code>/", intake.intake, name="intake"),
    path("intake/<str:item_code>/draft/", intake.draft, name="draft"),
    path("intake/<str:item_code>/drop/", intake.draft_drop, name="draft_drop"),
    path("intake/<str:item_code>/certificates/", intake.certificates, name="certificates"),
    path("intake/<str:item_code>/scans/<str:material>/", intake.scans, name="intake_scans"),
    path("verify/", verify.verify, name="verify"),
    path("cases/", cases.cases, name="cases"),
    path("cases/<uuid:case_id>/", cases.case, name="case"),
    path("cases/<uuid:case_id>/acts/<slug:name>/", acts.act, name="act"),
    path("cases/<uuid:case_id>/papers/<slug:kind>/", papers.paper, name="paper"),
    path("cases/<uuid:case_id>/receipt/", papers.receipt, name="receipt"),
    path("cases/<uuid:case_id>/supplement/", papers.supplement, name="supplement"),
    path("cases/<uuid:case_id>/result/", papers.result, name="result"),
    path("cases/<uuid:case_id>/delivery/", papers.delivery, name="delivery"),
    path("cases/<uuid:case_id>/scans/<str:key>/", papers.scan, name="scan"),
    path("", include("core.counter.rating_urls")),
]
