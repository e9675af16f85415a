"""Input data: rows of a file become samples.

`rows` reads JSONL, `formats` turns other files into it, `shard` takes every N-th line. `samples` views a row for one
evaluated model and chooses these models, `labels` and `conversation` read fields of a row, `annotations` reads people's
label files, `download` fetches the published files.
"""

from metajudge.data.annotations import Annotation, Annotations, read_annotations
from metajudge.data.conversation import (
    Conversation,
    cut_to_tokens,
    framed,
    quoted_lines,
    read_conversation,
    read_response,
    render_conversation,
)
from metajudge.data.download import Downloaded, PublishedFile, download_file
from metajudge.data.formats import UnreadableForm
from metajudge.data.labels import SIGNED, Labels, number_of, parse_verdict, sign, signed_verdict
from metajudge.data.rows import (
    METADATA_KEY,
    SHOWN_PROBLEMS,
    EligibleRows,
    InputFile,
    InvalidRow,
    Row,
    Status,
    UnreadableLines,
    as_integer,
    is_absent,
    is_skipped,
    parse_row,
)
from metajudge.data.samples import (
    ALL,
    ANNOTATOR,
    CHECKLIST_SUFFIX,
    HUMAN_KEY,
    PROMPT_FIELDS,
    RowIds,
    Sample,
    check_spelling,
    choose_models,
    evaluated_models,
    find_checklist,
    find_models,
    make_sample,
    read_checklist,
    read_samples,
    with_checklist,
)
from metajudge.data.shard import Shard
