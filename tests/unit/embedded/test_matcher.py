"""The embedded matcher's rules, and how well it agrees with labels written by hand."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.embedded.features import look, n_grams
from metajudge.embedded.matcher import STEPS, THRESHOLDS, score_matrix, similarities
from tests.bench.embedded_accuracy import BASELINES, agreement, average_precision, pairs, questions


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("Response 1 is long", (1,)),
        ("@Response 2 is long", (2,)),
        ("response a's code", (1,)),
        ("B", (2,)),
        ("A breaks the limit", (1,)),
        ("A table is missing in B", (2,)),
        ("There is no table. A table helps", ()),
        ("Unlike A, B rhymes", (1, 2)),
        ("B keeps what A loses", (2, 1)),
        ("回答A没有错误", (1,)),
        ("第二个回复太长", (2,)),
        ("La respuesta 1 es larga", (1,)),
        ("In Antwort B fehlt der Gruß", (2,)),
        ("Ｒｅｓｐｏｎｓｅ　２", (2,)),
        ("Vitamin A", (1,)),
        ("an apple a day", ()),
        ("Response 12 is odd", ()),
    ],
)
def test_the_responses_that_an_item_names_are_found(text: str, sides: tuple[int, ...]) -> None:
    """Every spelling is found; the article is no side. (`Vitamin A` is taken for one: known, and rare.)"""
    assert look(text).sides == sides


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("lacks a title", -1),
        ("is clear and helpful", 1),
        ("has five lines", 0),
        ("is not correct", -1),
        ("does not explain", -1),
        ("没有说明", -1),
        ("更好", 1),
        ("no es correcto", -1),
        ("ist besser", 1),
        ("the right year is 1453", 0),
    ],
)
def test_praise_and_blame_are_distinguished(text: str, tone: int) -> None:
    """Negated praise is blame; words of both kinds are no evidence."""
    assert look(text).tone == tone


def test_numbers_and_names_are_seen() -> None:
    """Digits, number words, quotes, identifiers; the number of a response is none."""
    item = look('Response 1 calls `get_all()` twelve times, not 1,5, and prints "Hello World" in parseLine')
    assert item.numbers == {"12", "1.5"}
    assert item.names == {"get_all()", "get_all", "hello world", "parseline"}


def test_scripts_without_spaces_have_short_grams() -> None:
    """A shared character of Chinese counts."""
    assert set(n_grams("对错")) == {"对", "错", "对错"}
    assert set(n_grams("ab")) == {" ab", "ab ", " ab "} and n_grams("x") == {" x ": 2}


OTHERS = ["Response 2 has a typo in its title", "Response 1 quotes no source"]


def score(human: str, model: str) -> float:
    return score_matrix([human, *OTHERS], [model, "Response B is more polite"])[0][0]


def test_the_same_point_about_the_same_response_scores_high_and_about_the_other_one_nothing() -> None:
    """A contradiction in the side or in the tone is 0, however equal the words."""
    human = "Response 1 misses the deadline of the essay"
    assert score(human, "A misses the essay's deadline") == 1
    assert score(human, "Response B misses the deadline of the essay") == 0
    assert score(human, "Response A excellently meets the deadline of the essay, great work") == 0
    assert score(human, "Response B is much nicer to read") == 0


def test_other_numbers_and_other_names_bound_the_score() -> None:
    """A different number is a different point; a missing one costs a step."""
    human = "Response 1 dates the battle to 1435"
    assert score(human, "A dates the battle to 1435") == 1
    assert score(human, "A dates the battle") == 0.75
    assert score(human, "A dates the battle to 1480") == 0.25
    assert score('Response 1 misspells "Jonson" in its text', 'A misspells "Miller" in its text') <= 0.5


def test_what_all_items_share_weighs_next_to_nothing() -> None:
    """The topic alone touches a point at most."""
    human = [
        f"Response 1 explains photosynthesis in plants {end}" for end in ("without chlorophyll", "far too briefly")
    ]
    matrix = score_matrix(human, ["Photosynthesis in plants is explained by A with vivid pictures"])
    assert max(score for row in matrix for score in row) <= 0.25


def test_empty_items_and_empty_lists() -> None:
    """They match nothing and break nothing."""
    assert score_matrix(["", "Response 1 x"], ["", " "]) == [[0, 0], [0, 0]]
    assert score_matrix([], ["a"]) == [] and score_matrix(["a"], []) == [[]]


@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=5),
    st.lists(st.text(max_size=40), min_size=1, max_size=5),
    st.randoms(),
)
def test_the_order_of_items_permutes_the_matrix_and_changes_nothing(human: list[str], model: list[str], rng) -> None:  # type: ignore[no-untyped-def]
    """Similarities to the last digit, scores on the five steps."""
    matrix = score_matrix(human, model)
    assert {value for row in matrix for value in row} <= set(STEPS)
    rows, columns = list(range(len(human))), list(range(len(model)))
    rng.shuffle(rows)
    rng.shuffle(columns)
    shuffled = score_matrix([human[r] for r in rows], [model[c] for c in columns])
    assert shuffled == [[matrix[r][c] for c in columns] for r in rows]


def test_no_similarity_can_meet_a_threshold() -> None:
    """Six digits on one side, a seventh on the other."""
    for threshold in THRESHOLDS:
        assert round(threshold, 6) != threshold
    (row,) = similarities([look("some words here")], [look("other words there")])
    assert all(value == round(value, 6) for value in row)


def test_the_labelled_pairs_are_what_the_readme_says() -> None:
    """All five steps, both splits, whole matrices."""
    for split in ("dev", "test"):
        for question in questions(split):
            assert len(question["labels"]) == len(question["human"])
            assert all(len(row) == len(question["model"]) for row in question["labels"])
    labels = {label for split in ("dev", "test") for _, label in pairs(split, score_matrix)}
    assert labels == {0, 0.25, 0.5, 0.75, 1}


def test_the_matcher_agrees_with_the_labels_it_was_not_tuned_on() -> None:
    """Measured: average precision .975, kappa .943 on the test split; and better than words alone."""
    found = agreement(pairs("test", score_matrix))
    assert found.n >= 60
    assert found.average_precision > 0.92 and found.kappa > 0.88 and found.exact > 0.82
    every = [pair for split in ("dev", "test") for pair in pairs(split, BASELINES["word tf-idf"])]
    ours = [pair for split in ("dev", "test") for pair in pairs(split, score_matrix)]
    assert average_precision(ours) > average_precision(every) + 0.1


def test_average_precision_worked_by_hand() -> None:
    """Ranks 1 and 3 relevant: (1 + 2/3) / 2; a tie counts as one block: both at precision 1/2."""
    assert average_precision([(0.9, 1), (0.8, 0), (0.7, 0.5), (0.1, 0)]) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision([(0.5, 1), (0.5, 0)]) == 0.5


@pytest.mark.usefixtures("untraced")
def test_a_large_question_takes_little_time() -> None:
    """Ten by ten items of 200 characters, far under what any judge takes."""
    items = [f"Response {1 + n % 2} " + " ".join(f"word{n}{k}" for k in range(25)) for n in range(20)]
    started = time.process_time()
    score_matrix(items[:10], items[10:])
    assert time.process_time() - started < 1
