"""What people mistype gets a sentence beside the field, and nothing they wrote is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.visitor import Visitor
from tests.browser.work import (
    CONSULTATION_WORDS,
    Call,
    Someone,
    in_days,
    take_consultation,
    write_consultation,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MY_NUMBER = "123456789018"  # passes the check digit, belongs to nobody
MARKUP = "<b>太字</b> 太郎"
LONG_KANA = "あいうえお" * 60
COMPLAINT = f"手帳を見ながら話された。番号は{MY_NUMBER}とのこと。"
PLAIN = Call(
    mode="本人同意なし",
    route="本人 電話・メール",
    complaint="夜に眠れない。話を聞いてほしい。",
    persons=(Someone("仮名沢 静", "かめいざわ しずか", "40代", "世帯主", "女性"),),
    primary="社会的孤立",
)


def test_bad_intake_is_told_and_keeps_what_was_typed(visitor: Visitor) -> None:
    visitor.sign_in("kurume.child")
    someone = Someone(MARKUP, LONG_KANA, in_days(30), "世帯主", "男性")
    bad = Call(PLAIN.mode, PLAIN.route, COMPLAINT, (someone,), PLAIN.primary, ("家計管理",))
    write_consultation(visitor, bad)
    visitor.press_in_vain("受け付ける", "入力を確かめてください")
    visitor.is_told("氏名", "の記号は使えません")
    visitor.is_told("ふりがな", "文字以内で入れてください")
    visitor.is_told("生年月日・年齢", "今日までの日付を入れてください。")
    visitor.is_told(CONSULTATION_WORDS, "マイナンバー")
    visitor.finds_it_usable()
    for label, text in (
        ("氏名", MARKUP),
        ("ふりがな", LONG_KANA),
        ("生年月日・年齢", in_days(30)),
        (CONSULTATION_WORDS, COMPLAINT),
    ):
        visitor.has_typed(label, text)
    visitor.has_chosen("相談経路", PLAIN.route)
    visitor.has_chosen("性別", "男性")

    visitor.fill("ふりがな", "ふとじ たろう")
    visitor.fill("生年月日・年齢", "平成40年")
    visitor.fill(CONSULTATION_WORDS, "手帳を見ながら話された。")
    visitor.press_in_vain("受け付ける", "平成は31年4月30日までです。")
    visitor.has_typed("生年月日・年齢", "平成40年")
    visitor.fill("氏名", "見本 太郎")
    visitor.fill("生年月日・年齢", "H1.2.3")
    visitor.press("受け付ける")
    visitor.reads("見本 太郎さん")


def test_bad_note_is_told_and_keeps_what_was_typed(visitor: Visitor) -> None:
    visitor.sign_in("kurume.child")
    take_consultation(visitor, PLAIN)
    visitor.press("記録を書く")
    visitor.choose("方法", "電話")
    visitor.fill("日付", "平成40年1月1日")
    visitor.fill("内容", COMPLAINT)
    visitor.unfold("次にすること・いつまでに")
    visitor.fill("次にすること", "あさって電話する")
    visitor.press_in_vain("記録を保存する", "入力を確かめてください")
    visitor.is_told("日付", "平成")
    visitor.is_told("内容", "マイナンバー")
    visitor.has_typed("日付", "平成40年1月1日")
    visitor.has_typed("内容", COMPLAINT)
    visitor.has_typed("次にすること", "あさって電話する")
    visitor.finds_it_usable()


def test_large_upload_is_told_and_keeps_what_was_typed(visitor: Visitor, tmp_path: Path) -> None:
    names = ("台帳.pdf", "動画.pdf", "図.png", "写真.png")
    large, absurd, script, photo = (tmp_path / name for name in names)
    for path, megabytes in ((large, 50), (absurd, 130)):
        with path.open("wb") as file:
            file.write(b"%PDF-1.7\n")
            file.truncate(megabytes * 1024 * 1024)
    script.write_text("<svg onload='alert(1)'/>")
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    visitor.sign_in("kurume.child")
    take_consultation(visitor, PLAIN)
    visitor.press("記録を書く")
    visitor.choose("方法", "訪問")
    visitor.unfold("相手・場所")
    visitor.fill("相手", "本人")
    visitor.unfold("添付ファイル")
    visitor.fill("内容", "玄関先で話した。台帳を見せてもらった。")
    for file, sentence in ((large, "大きすぎます（50.0"), (script, "この種類のファイル")):
        visitor.attach("添付ファイル", photo, file)
        visitor.press_in_vain("記録を保存する", "入力を確かめてください")
        visitor.is_told("添付ファイル", f"「{file.name}」")
        visitor.is_told("添付ファイル", sentence)
        visitor.is_told("添付ファイル", "もう一度選んでください。")
        visitor.has_chosen("方法", "訪問")
        visitor.has_typed("相手", "本人")
        visitor.has_typed("内容", "玄関先で話した。台帳を見せてもらった。")
    visitor.finds_it_usable()

    visitor.attach("添付ファイル", absurd)  # is not even sent
    visitor.is_told("添付ファイル", "ファイルが大きすぎます。")
    visitor.finds_it_usable()
    visitor.attach("添付ファイル", photo)
    visitor.press("記録を保存する")
    visitor.reads("玄関先で話した。", "写真.png")
    visitor.finds_it_usable()


def test_stale_form_is_told_and_keeps_what_was_typed(visitor: Visitor) -> None:
    visitor.sign_in("kurume.disability")
    take_consultation(visitor, PLAIN)
    visitor.press("記録を書く")
    visitor.choose("方法", "電話")
    visitor.fill("内容", "十分ほど話した。")
    visitor.press("記録を保存する")
    visitor.press("電話")
    form = visitor.remember()
    visitor.fill("内容", "十分ほど話した。夕方がよいとのこと。")
    visitor.fill("直した理由", "時間帯を聞いていた")

    visitor.in_new_tab(form)
    visitor.fill("内容", "十五分ほど話した。")
    visitor.fill("直した理由", "時間の書きちがい")
    visitor.press("直して保存する")

    visitor.in_first_tab()
    visitor.press_in_vain("直して保存する", "ほかの人が先に保存しました。")
    visitor.reads("十五分ほど話した。")
    visitor.has_typed("内容", "十分ほど話した。夕方がよいとのこと。")
    visitor.finds_it_usable()
    visitor.press("直して保存する")
    visitor.reads("夕方がよいとのこと。")
