"""The per-item matches beside the records: `<output stem>.matches.jsonl`, one line for each model item."""

from collections.abc import Iterator
from pathlib import Path

from metajudge.errors import DiskFull
from metajudge.metrics import sparse_matrix
from metajudge.records.atomic import replacing
from metajudge.records.latest import latest_records
from metajudge.records.record import Record, Unscored, encode


def matches_path(results: Path) -> Path:
    """Return the path of the matches of a results file."""
    return results.with_name(f"{results.stem}.matches.jsonl")


def write_matches(results: Path, *, is_unique: bool = False) -> int:
    """Rebuild the matches file from the records; return its number of lines.

    `is_unique`: every row has one record, so that memory need not grow with the rows. Raises `DiskFull`, and
    `UsageError` if the records are gone.
    """
    path, count = matches_path(results), 0
    try:
        with replacing(path) as file:
            for record in _all_records(results) if is_unique else latest_records(results):
                for line in item_lines(record):
                    file.write(line)
                    count += 1
    except OSError as error:
        raise DiskFull(f"{path} cannot be written: {error.strerror}; the next run rebuilds it") from None
    return count


def _all_records(results: Path) -> Iterator[Record]:
    with results.open("rb") as file:
        for line in file:
            record = Record.from_line(line)
            if isinstance(record, Record):
                yield record


def item_lines(record: Record) -> Iterator[bytes]:
    """Yield a JSON line for each model item of a judged record, in order; none for a record without scores."""
    model = record.model_be_evaluated or ""
    lists, texts = record.scored_lists(model), record.checklist(model)
    if isinstance(lists, Unscored) or texts is None:
        return
    try:
        matrices = record.score_matrices(lists.n_human, lists.n_model)
    except ValueError:
        return
    # Granularity `row`: only the pair of a human item and its best model item was asked.
    matrix = matrices[0] if matrices else sparse_matrix(lists.marks, lists.n_human, lists.n_model)
    for number, text in enumerate(texts, 1):
        claims = [(mark.score, -mark.human_item) for mark in lists.marks if mark.model_item == number and mark.score]
        score, human = max(claims, default=(0.0, 0))  # the first human item wins a tie
        yield encode(
            {
                "id": record.id,
                "model_be_evaluated": model,
                "model_item": number,
                "text": text,
                "scores": [row[number - 1] for row in matrix],
                "matched_human_item": -human,
                "score": score,
            }
        )
