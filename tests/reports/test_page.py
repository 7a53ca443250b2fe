"""A page needs nothing beside itself, and takes what a person writes for text."""

import re

from napari_hemalens.reports.language import Language
from napari_hemalens.reports.page import CountRow, CountTable, GroupTable, Page, Picture, Shelf, render

SCRIPT = "<script>alert('x')</script>"


def test_whatever_is_said_is_text_and_never_markup() -> None:
    row = CountRow(SCRIPT, "#aa3377", SCRIPT, SCRIPT, SCRIPT, (10, 5, 20), SCRIPT, SCRIPT)
    page = Page(
        title=SCRIPT,
        about=((SCRIPT, SCRIPT),),
        method=((SCRIPT, SCRIPT),),
        details=((SCRIPT, SCRIPT),),
        doubts=(SCRIPT,),
        counts=CountTable(SCRIPT, SCRIPT, SCRIPT, (row,), (row,), has_reference=True),
        indices=((SCRIPT, SCRIPT, SCRIPT),),
        remarks=(SCRIPT,),
        groups=(GroupTable(SCRIPT, (SCRIPT,), ((SCRIPT, ((SCRIPT, SCRIPT),)),)),),
        review=(SCRIPT,),
        changes=((SCRIPT, SCRIPT, SCRIPT),),
        gallery=(Shelf(SCRIPT, "#aa3377", SCRIPT, (Picture('"><script>', SCRIPT, "unsure"),)),),
        gallery_notes=(SCRIPT,),
    )
    text = render(page, Language.of("en"))
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") == 42


def test_nothing_is_fetched_and_research_use_is_said_once() -> None:
    text = render(Page("A smear"), Language.of("de"))
    assert not re.search(r"https?:|url\(|@import|<link|src=", text)
    assert text.count("Nur für Forschungszwecke; kein Diagnostikum.") == 1
    assert '<html lang="de">' in text
    assert "default-src &#39;none&#39;" not in text
    assert "default-src 'none'" in text
