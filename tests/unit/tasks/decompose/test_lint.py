"""Doubts about decomposed points: honest checklists have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.tasks.decompose.lint import DUPLICATE, PREFERENCE, REASONS, UNSUPPORTED, LintFinding, lint_checklist
from metajudge.text.content_words import units

MUSEUM = (
    "@Response 2 is slightly better than @Response 1. Both are easy to read. @Response 1 needs eight steps although "
    "five were allowed, and it never gives the opening hours.",
    "The third step sends people left at the fountain, it has to be right. The tone is friendly. Says that the walk "
    "takes 40 minutes, it is more like 10.",
    "@Response 1 does not say which tram to take either.",
)
ROUTES = (
    "1. Leave the harbour. 2. Follow Quay Street. 3. At the Neptune fountain turn right. 4. Cross the bridge.",
    "Go along Quay Street, cross the bridge, and at the old fountain turn left into Mill Lane. "
    "The walk takes 40 minutes.",
)
CODE = (
    "The response is partially helpful. The code makes a mistake when generating the encryption: it uses the first "
    "letter of the reversed string instead of the first letter of the original word.",
    "It fails to implement the step of inserting the first letter between each pair of letters and does not implement "
    "the 20-word limit validation. There is a mistake in line 15. The code explanation is also lengthy.",
    "@Response 1 asks to run `npm install readline-sync`, a dependency the user may not have.",
)
PROGRAMS = (
    "const readlineSync = require('readline-sync'); if (inputString.split(' ').length > 20) process.exit(1);",
    "const readline = require('readline'); encryptedString += encryptedWords[i].charAt(0);",
)
CHINESE = ("回复1没有说明博物馆的开放时间，而且步骤太多。", "回复2第三步的方向是错的，应该在喷泉处右转，不是左转。")
ROUTES_IN_CHINESE = ("从港口出发，沿码头街走，在海神喷泉右转。", "沿码头街走，过桥，在老喷泉左转进入磨坊巷。")
SET = ("Response 1 builds a set, so the order that the user asked to keep is lost",)
SPANISH = ("La respuesta 1 no menciona el horario del museo y la respuesta 2 inventa una parada de tranvía.",)
ARABIC = ("الرد الأول لا يذكر مواعيد فتح المتحف والرد الثاني يخطئ في الاتجاه عند النافورة.",)
RUSSIAN = ("Ответ 1 не указывает часы работы музея, а в ответе 2 неверно указан поворот у фонтана.",)
GERMAN = (
    "Antwort 1 nennt die Öffnungszeiten nicht. Antwort 2 schickt die Leute am Brunnen nach links statt nach rechts.",
)

HONEST = [
    (MUSEUM, ROUTES, "Response 1 needs eight steps although at most five were allowed"),
    (MUSEUM, ROUTES, "Response 1 does not give the opening hours of the museum"),
    (MUSEUM, ROUTES, "Response 2 sends the reader left at the old fountain in its third step, it has to be right"),
    (MUSEUM, ROUTES, "Response 2 says that the walk takes 40 minutes, although it is about 10"),
    (MUSEUM, ROUTES, "Response 1 does not say which tram to take"),
    (MUSEUM, ROUTES, "Response 1 exceeds the allowed five steps by three"),
    (MUSEUM, ROUTES, "A's directions leave out when the museum opens"),
    (MUSEUM, ROUTES, "Wrong Turn: Response 2 turns left into Mill Lane at the fountain"),
    (SET, (), "A goes through a set and therefore does not preserve the order that was required"),
    (MUSEUM, (), "Response 2 overstates the walking time"),
    (CODE, PROGRAMS, "Response 1 inserts the first letter of the reversed word instead of that of the original word"),
    (CODE, PROGRAMS, "Response 2 never inserts the first letter of each word between the pairs of letters"),
    (CODE, PROGRAMS, "Response 2 does not check that the input has at most 20 words"),
    (CODE, PROGRAMS, "Response 2 has a mistake in line 15 (`encryptedWords[i].charAt(0)`)"),
    (CODE, PROGRAMS, "Response 2's explanation of the code is too long"),
    (CODE, PROGRAMS, "Response 1 depends on the package `readline-sync`, which the user may not have installed"),
    (CODE, PROGRAMS, "Missing validation: Response 2 lacks the 20-word limit"),
    (CHINESE, ROUTES_IN_CHINESE, "回复1未提供博物馆的开放时间"),
    (CHINESE, ROUTES_IN_CHINESE, "回复1的步骤过多"),
    (CHINESE, ROUTES_IN_CHINESE, "回复2在第三步的喷泉处让人左转，而应该右转"),
    (SPANISH, (), "La respuesta 1 omite el horario del museo"),
    (SPANISH, (), "La respuesta 2 inventa una parada de tranvía que no existe"),
    (ARABIC, (), "الرد الأول لا يذكر مواعيد المتحف"),
    (RUSSIAN, (), "Ответ 1 не указывает часы работы музея"),
    (GERMAN, (), "Antwort 2 lässt die Leute am Brunnen links statt rechts gehen"),
    (MUSEUM, ROUTES, "回复1没有说明博物馆的开放时间"),
    (CHINESE, ROUTES_IN_CHINESE, "Response 1 does not give the opening hours of the museum"),
]


@pytest.mark.parametrize(("texts", "responses", "item"), HONEST)
def test_an_honest_point_is_not_marked(texts: tuple[str, ...], responses: tuple[str, ...], item: str) -> None:
    """Paraphrase, other word forms, detail from the responses, and points in another script than the texts."""
    assert lint_checklist([item], texts, responses) == []


@pytest.mark.parametrize(
    ("texts", "responses", "count"), [(MUSEUM, ROUTES, 8), (CODE, PROGRAMS, 7), (CHINESE, ROUTES_IN_CHINESE, 3)]
)
def test_the_different_points_of_one_row_are_no_duplicates(
    texts: tuple[str, ...], responses: tuple[str, ...], count: int
) -> None:
    """A whole checklist of honest points has at most the doubts of its true repetitions."""
    items = [item for others, _, item in HONEST if others is texts][:count]
    assert len(items) == count
    repeated = {
        number for number, item in enumerate(items, 1) if item.startswith(("Missing validation", "A's", "Wrong"))
    }
    assert {doubt.item for doubt in lint_checklist(items, texts, responses)} <= repeated


@pytest.mark.parametrize(
    ("texts", "responses", "item"),
    [
        (MUSEUM, ROUTES, "Response 1 ignores that the user has a wheelchair"),
        (MUSEUM, ROUTES, "Response 2 contains offensive remarks about tourists"),
        (MUSEUM, ROUTES, "Response 1 cites no sources for its claims"),
        (CODE, PROGRAMS, "Response 2 leaks memory because its event handlers are never removed"),
        (CODE, PROGRAMS, "Response 1 has no unit tests covering Unicode surrogates"),
        (CODE, PROGRAMS, "Response 1 calls `process.exit`, which is abrupt"),
        (CHINESE, ROUTES_IN_CHINESE, "回复1包含冒犯游客的言论"),
        (CHINESE, ROUTES_IN_CHINESE, "回复2缺乏可靠来源支持其论点"),
        (SPANISH, (), "La respuesta 1 contiene errores gramaticales graves"),
        (ARABIC, (), "الرد الأول يحتوي على كلمات مسيئة للسياح"),
        (GERMAN, (), "Antwort 1 enthält beleidigende Bemerkungen"),
    ],
)
def test_a_point_that_nobody_made_is_marked(texts: tuple[str, ...], responses: tuple[str, ...], item: str) -> None:
    """Its content is in no text, or in the responses alone."""
    assert lint_checklist([item], texts, responses) == [LintFinding(1, UNSUPPORTED)]


@pytest.mark.parametrize(
    ("one", "other", "marked"),
    [
        ("Response 1 does not give the opening hours", "Response 1 never gives the opening hours of the museum", 1),
        ("Response 1 never gives the opening hours of the museum", "Response 1 does not give the opening hours", 2),
        ("Response 1 needs eight steps", "A needs eight steps although five were allowed", 1),
        ("The 40 minutes of Response 2 are wrong", "Response 2's walk of 40 minutes is wrong", 1),
        ("Response 1 needs eight steps", "Response 1 needs eight steps", 2),
        ("回复1没有说明博物馆的开放时间", "回复1没有说明博物馆开放时间", 2),
    ],
)
def test_the_less_specific_of_two_equal_points_is_marked(one: str, other: str, marked: int) -> None:
    """It names the other one; the later one of equals is marked."""
    doubts = lint_checklist([one, other], [one, other], [])
    assert doubts == [LintFinding(marked, DUPLICATE, of=3 - marked)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Response 1 does not give the opening hours", "Response 2 does not give the opening hours"),
        ("Response 1 fails in line 3 for empty lists", "Response 1 fails in line 7 for empty lists"),
        ("Response 1's second example fails for empty lists", "Response 1's third example fails for empty lists"),
        ("Response 1 never closes the file in `read()`", "Response 1 never closes the file in `write()`"),
        ("Response 1 lacks comments", "Response 1 lacks error handling"),
        ("Response 1 misspells \"their\"", "Response 1 misspells \"receive\""),
        ("Both responses leave out the salt", "Response 1 leaves out the salt"),
        ("回复1没有说明开放时间", "回复2没有说明开放时间"),
    ],
)  # fmt: skip
def test_points_of_the_same_form_about_different_things_are_no_duplicates(one: str, other: str) -> None:
    """Another response, number, ordinal or name makes another point."""
    assert lint_checklist([one, other], [one, other], []) == []


@pytest.mark.parametrize(
    "item",
    [
        "Response 1 is better than Response 2",
        "@Response 2 is slightly better overall.",
        "A is much better than B",
        "Response B is the worse answer",
        "I prefer Response 2",
        "Response 1 is more helpful than Response 2",
        "Response 2 is not very good",
        "Response 1 is of poor quality",
        "回复1比回复2更好",
        "总体来说，回复2质量更差",
        "La respuesta 1 es mejor que la respuesta 2",
        "Antwort 2 ist besser als Antwort 1",
    ],
)
def test_a_point_that_only_says_which_is_better_is_marked(item: str) -> None:
    """It is marked even if the annotators said just that."""
    assert lint_checklist([item], [item], []) == [LintFinding(1, PREFERENCE)]


@pytest.mark.parametrize(
    "item",
    [
        "Response 1 gives a better example for the second rule",
        "Response 2 is worse at handling empty lists",
        "Response 2 prefers tabs over spaces",
        "The rating in Response 1 is not on the scale of 1 to 5",
        "Response 1 does not say what it is for",
        "回复1没有给出更好的例子",
    ],
)
def test_a_comparison_with_its_reason_is_not_marked(item: str) -> None:
    """A comparison that names its object is a point."""
    assert lint_checklist([item], [item], []) == []


def test_several_doubts_are_given_in_order_of_the_points() -> None:
    """A point may be doubted twice; a mere preference only as such."""
    items = [
        "Response 1 is better",
        "Response 1 invents dragons",
        "Response 2 turns left",
        "Response 1 invents many dragons",
    ]
    assert lint_checklist(items, ["Response 2 turns left."], ["", ""]) == [
        LintFinding(1, PREFERENCE),
        LintFinding(2, DUPLICATE, of=4),
        LintFinding(2, UNSUPPORTED),
        LintFinding(4, UNSUPPORTED),
    ]


def test_units_are_stems_numbers_and_pairs_of_characters() -> None:
    """Names of the responses and words without content are no units."""
    assert units("Response 1's orderings: 20 words") == {"order", "20", "word"}
    assert units("回复1没有说明") == {"没有", "有说", "说明"}
    assert units("ＡＢＣ") == units("abc")


@given(st.lists(st.text(max_size=30), max_size=5), st.lists(st.text(max_size=30), max_size=3))
def test_any_texts_can_be_checked(items: list[str], texts: list[str]) -> None:
    """Doubts name existing points and known reasons; what the annotators wrote themselves is supported."""
    for doubt in lint_checklist(items, texts, texts):
        assert 1 <= doubt.item <= len(items) and doubt.reason in REASONS
        assert 1 <= doubt.of <= len(items) if doubt.reason == DUPLICATE else doubt.of == 0
    assert all(doubt.reason != UNSUPPORTED for doubt in lint_checklist(items, items, []))
