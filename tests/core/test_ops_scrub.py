"""What leaves a machine for its support names nobody."""

import pytest

from core.scrub import scrub, scrub_json


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("id 430321199003071234 seen", "id [id] seen"),
        ("id 43032119900307123X.", "id [id]."),
        ("430321 1990 0307 123x", "[id]"),
        ("４３０３２１１９９００３０７１２３Ｘ", "[id]"),
        ("old 430321900307123 card", "old [id] card"),
        ("call 13812345678 now", "call [phone] now"),
        ("+86 138 1234 5678", "[phone]"),
        ("8613812345678", "[phone]"),
        ("0731-58223344", "[phone]"),
        ("(0731) 58223344", "[phone]"),
        ("张三 applied", "[zh] applied"),
        ("阿依古丽·买买提 applied", "[zh] applied"),
        ("𠮷田 applied", "[zh] applied"),
        (r"event \u5f20\u4e09 held", "event [text] held"),
        (r"b'\xe5\xbc\xa0\xe4\xb8\x89'", "b'[text]'"),
        ("GET /cases/%E5%BC%A0%E4%B8%89/ 200", "GET /cases/[text]/ 200"),
        ("GET /cases/?q=zhang+san&page=2 200", "GET /cases/?[query] 200"),
        ("zhang.san@example.org wrote", "[mail] wrote"),
        ("applicant=ZhangSan step=3", "applicant=[struck] step=3"),
        ("applicant_name='Zhang San' step=3", "applicant_name=[struck] step=3"),
        ('{"name": "Zhang San", "step": 3}', '{"name": [struck], "step": 3}'),
        ("{'mobile': 5551234, 'step': 3}", "{'mobile': [struck], 'step': 3}"),
        ("api_key=abc123 X-API-Key: abc123", "api_key=[struck] X-API-Key: [struck]"),
        ("code 7K2M-90QX-ZP4D", "code [code]"),
    ],
)
def test_personal_data_and_secrets_are_struck_out(said, left):
    assert scrub(said) == left


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-22T07:17:02+0000 n2 yizhan-agent[412]: segment_applied author=core epoch=1 seq=184 ms=1795331822123",
        "stream held at 430321100204-01 release=20261120 hostname=n2 version=0.1.0+g3f8e10e",
        "case 4303211002040126112200017 synced at 10.31.4.7:22000",
        "yizhan-web.service: Main process exited, code=exited, status=1/FAILURE",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "took 0.73125822334 s",
    ],
)
def test_what_says_how_the_machine_is_stays_as_it_was(line):
    assert scrub(line) == line


def test_a_document_keeps_its_shape_and_its_measures():
    said = {
        "node": "430321100204-01", "name": "某村便民服务站", "disk_free": 15032385536, "last_ack_ms": 1795331822123,
        "attention": ["stream held: 张三 13812345678"], "odd": 13812345678, "ok": True, "age": 1.5, "none": None,
        "applicant": {"name": "Zhang San", "phone": 13812345678},
    }  # fmt: skip
    assert scrub_json(said) == {
        "node": "430321100204-01", "name": "[struck]", "disk_free": 15032385536, "last_ack_ms": 1795331822123,
        "attention": ["stream held: [zh] [phone]"], "odd": "[phone]", "ok": True, "age": 1.5, "none": None,
        "applicant": {"name": "[struck]", "phone": "[struck]"},
    }  # fmt: skip


def test_striking_out_twice_changes_nothing_more():
    once = scrub('applicant_name=\'Zhang San\' 张三 13812345678 {"token": "x"} /a?b=c')
    assert scrub(once) == once
