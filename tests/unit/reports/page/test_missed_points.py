"""Points missed most, worked by hand."""

from metajudge.reports.page.missed_points import MissedPoints


def test_points_are_counted_by_domain_and_word() -> None:
    """Of 4 judged points 3 are below .25; a point that was not asked counts nowhere."""
    missed = MissedPoints()
    missed.add(0, "code", ["the tests are missing", "tests fail", "never asked"], [0, 20, None])
    missed.add(1, "stem", ["a test of units", "the sum is wrong"], [0, 100])
    every, *domains = missed.as_json()
    assert (every["domain"], every["points"], every["missed"]) == ("", 4, 3)
    assert [(one["domain"], one["points"], one["missed"]) for one in domains] == [("code", 2, 2), ("stem", 2, 1)]
    (word,) = every["words"]
    assert (word["word"], word["points"], word["missed"]) == ("tests", 3, 3)
    assert word["examples"] == [[0, 1, "the tests are missing"], [0, 2, "tests fail"], [1, 1, "a test of units"]]


def test_a_sure_share_is_before_a_higher_one_of_few_points() -> None:
    """9 of 10 missed rank before 3 of 3."""
    missed = MissedPoints()
    for row in range(10):
        missed.add(row, "", ["format"], [100 if row == 0 else 0])
    for row in range(3):
        missed.add(row, "", ["citation"], [0])
    assert [word["word"] for word in missed.as_json()[0]["words"]] == ["format", "citation"]


def test_scripts_without_spaces_have_pairs_of_characters() -> None:
    """Words that hold a point together are left out."""
    missed = MissedPoints()
    for row in range(3):
        missed.add(row, "", ["缺少龙舟", "response the and"][: 1 + row % 2], [0, 0])
    assert {word["word"] for word in missed.as_json()[0]["words"]} == {"缺少", "少龙", "龙舟"}
