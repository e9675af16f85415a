"""The record of a row and its files.

`record` reads and writes a record, `judge_identity` says what makes records comparable, `reference_reading` reads a
reply as the reference does. `result_writer` appends (`opening` repairs and indexes it), `journal` keeps the replies
of open rows, `lock` keeps a second writer out, `atomic` replaces files as a whole. `latest` chooses the record that
counts, `dedupe` and `matches_file` write it out, `discovery` finds result files. `shard_file` lists the rows of a
shard, `merge` joins shards. `batch` keeps the requests and results of batches.
"""

from metajudge.records.atomic import replacing, side_file
from metajudge.records.batch.folder import BatchFolder
from metajudge.records.batch.manifest import (
    CANCELLED,
    COLLECTED,
    SUBMITTING,
    WAITING,
    Manifest,
    Part,
)
from metajudge.records.batch.parts import PartLimits, PartWriter
from metajudge.records.dedupe import dedupe
from metajudge.records.discovery import (
    FLAWS_STEP,
    Paths,
    ResultFile,
    SkippedFile,
    check_results,
    control_kind,
    file_model,
    flaw_stamps,
    guess_kind,
    open_directory,
    open_results,
    read_first,
    result_paths,
    split_controls,
    split_flaws,
)
from metajudge.records.journal import Journal, RowName
from metajudge.records.judge_identity import (
    ANNOTATORS,
    HUMAN_REFERENCE,
    OTHER_ROW,
    QUESTION,
    SIDES_EXCHANGED,
    JudgeIdentity,
)
from metajudge.records.latest import LatestRecords, latest_records
from metajudge.records.lock import check_unlocked
from metajudge.records.matches_file import matches_path, write_matches
from metajudge.records.merge import RECORDS, Merged, check_replaceable, merge
from metajudge.records.opening import ResultIndex, check_output_name, read_first_judge, read_index, row_key
from metajudge.records.record import BAD_SCORE, SCHEMA, Record, ScoredLists, Unscored, encode
from metajudge.records.reference_reading import literal_marks, reference_reading
from metajudge.records.result_writer import ResultWriter
from metajudge.records.shard_file import ShardHead, check_shard, read_head, shard_path, writing_shard
