"""The record of a row and its files.

`record` reads what a line says, `results_file` appends and resumes, `journal` keeps the replies of open rows, `lock`
keeps a second writer out, `latest` chooses the record that counts, `discovery` finds result files.
"""

from metajudge.records.dedupe import dedupe
from metajudge.records.discovery import (
    ResultFile,
    SkippedFile,
    check_results,
    file_model,
    guess_kind,
    judge_model,
    name_of,
    open_directory,
    open_results,
    read_first,
    result_paths,
)
from metajudge.records.journal import Journal, RowName
from metajudge.records.latest import LatestRecords, latest_records
from metajudge.records.matches_file import MatchesFile, matches_path
from metajudge.records.record import Head, Judges, read_head
from metajudge.records.results_file import FINISHED, FileIdentity, RecordFile, encode, row_key, side_file

__all__ = [
    "FINISHED",
    "FileIdentity",
    "Head",
    "Journal",
    "Judges",
    "LatestRecords",
    "MatchesFile",
    "RecordFile",
    "ResultFile",
    "RowName",
    "SkippedFile",
    "check_results",
    "dedupe",
    "encode",
    "file_model",
    "guess_kind",
    "judge_model",
    "latest_records",
    "matches_path",
    "name_of",
    "open_directory",
    "open_results",
    "read_first",
    "read_head",
    "result_paths",
    "row_key",
    "side_file",
]
