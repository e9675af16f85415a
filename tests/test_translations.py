"""The Chinese pages say what the English ones say, as far as a program can see it."""

from pathlib import Path

import pytest

from tests import translations
from tests.translations import PAIRS, ROOT, TERMS, differences, stamped


def texts(page: str) -> tuple[str, str]:
    return tuple((ROOT / name).read_text(encoding="utf-8") for name in (page, PAIRS[page]))


@pytest.mark.parametrize("page", PAIRS)
def test_code_figures_links_and_headings_are_those_of_the_english_page(page: str) -> None:
    """Words are left to the translator."""
    assert differences(page, *texts(page)) == {}


@pytest.mark.parametrize("page", PAIRS)
def test_both_languages_change_together(page: str) -> None:
    """After a comparison by eye: `python -m tests.translations --stamp`."""
    english, chinese = texts(page)
    assert chinese == stamped(page, english, chinese)
    for changed in (stamped(page, english + "More.\n", chinese), stamped(page, english, "多一句。" + chinese)):
        assert changed != chinese and changed != "多一句。" + chinese


def test_every_chinese_page_is_compared_and_in_the_site() -> None:
    """A new page needs its English one."""
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "zh").glob("*.md")}
    assert {*pages, "README_zh.md"} == set(PAIRS.values())
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    assert all(f": {page.removeprefix('docs/')}\n" in nav for page in pages)


@pytest.mark.parametrize(
    ("page", "old", "new", "kind"),
    [
        ("README.md", "--dry-run\n", "\n", "code blocks"),
        ("README.md", "0.3708", "0.3807", "code blocks"),
        ("README.md", "Python 3.11", "Python 3.12", "figures"),
        ("README.md", "[arXiv 2602.04649]", "[arXiv 2602.04650]", "figures"),
        ("README.md", "`--dry-run`", "`--dry`", "code in sentences"),
        ("README.md", "docs/metrics.md", "docs/statistics.md", "links"),
        ("README.md", "docs/judging.md#servers", "docs/judging.md", "links"),
        ("README.md", "\n## 引用", "\n引用", "headings, lists and tables"),
        ("docs/index.md", "J --> R", "R --> J", "code blocks"),
        ("docs/index.md", "../metrics.md", "../scale.md", "links"),
        ("docs/getting-started.md", "\n- 有多个模型", "有多个模型", "headings, lists and tables"),
    ],
)
def test_a_change_of_one_language_is_a_difference(page: str, old: str, new: str, kind: str) -> None:
    """A change in the Chinese text is seen; the same change in both is none."""
    english, chinese = texts(page)
    assert old in chinese
    assert list(differences(page, english, chinese.replace(old, new))) == [kind]


def test_every_term_has_one_translation() -> None:
    """The list of terms in README_zh.md names a term once, and a Chinese word once."""
    rows = [line.split(" | ") for line in texts("README.md")[1].partition(TERMS)[2].splitlines() if line[:2] == "| "]
    for column in (0, 1):
        words = [row[column] for row in rows]
        assert len(words) > 20 and len(set(words)) == len(words)


def test_a_page_with_a_difference_gets_no_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other pages get theirs; a second call without `--stamp` finds the one that differs."""
    for name in (*PAIRS, *PAIRS.values()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8") + "\n末行\n", encoding="utf-8")
    wrong = tmp_path / "docs" / "zh" / "index.md"
    wrong.write_text(wrong.read_text(encoding="utf-8") + "\n50%\n", encoding="utf-8")
    before = wrong.read_text(encoding="utf-8")
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    assert translations.main(stamp=True) == 1
    assert wrong.read_text(encoding="utf-8") == before
    for page in ("README.md", "docs/getting-started.md"):
        english, chinese = ((tmp_path / name).read_text(encoding="utf-8") for name in (page, PAIRS[page]))
        assert chinese == stamped(page, english, chinese)
