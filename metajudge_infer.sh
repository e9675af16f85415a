#!/usr/bin/env bash
# Judges a file of checklists and prints the table. Sets up what it needs on first use.
# Works with bash 3.2 and BSD tools.
set -u
unset CDPATH # with it, cd prints where it goes

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 2

usage() {
    cat <<TEXT
usage: [VARIABLE=value ...] bash metajudge_infer.sh [arguments of metajudge_infer.py]

  INPUT_FILE            rows to judge (default: the example's ten rows)
  MODEL_BE_EVALUATED    the model whose checklist is judged, a comma list, or all (default: all)
  API_KEY               key of the judge (default: OPENAI_API_KEY)
  API_BASE              base URL of the judge (default: OPENAI_BASE_URL, else OpenAI's)
  EVAL_MODEL            judge model (default: gpt-4o; embedded when key, base and EVAL_MODEL are all unset)
  OUTPUT_DIR            folder for the results (default: output)
  GRANULARITY           row or item (default: row)
  MAX_TOKENS TEMPERATURE MAX_RETRIES CONCURRENT_REQUESTS RATE_LIMIT_DELAY BATCH_SIZE
                        as the flags of metajudge_infer.py
  PYTHON                interpreter to use (default: .venv, else the first of python3.14 ... python3.11, python3)
TEXT
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Sets $python to an interpreter that runs (a shim may exist and fail) and is new enough.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        python=$PYTHON
        new_enough "$python" && return 0
        echo "metajudge: error: PYTHON=$PYTHON is no Python 3.11 or newer" >&2
        return 1
    fi
    for python in "$here/.venv/bin/python" python3.14 python3.13 python3.12 python3.11 python3; do
        new_enough "$python" && return 0
    done
    echo "metajudge: error: no Python 3.11 or newer found; install one, or set PYTHON to its path" >&2
    return 1
}

case "${1:-}" in
-h | --help)
    usage
    exit 0
    ;;
esac

find_python || exit 2
python=$(PYTHONPATH="$here" "$python" -m metajudge.bootstrap) || exit 2

# The key travels in the environment, never on a command line.
if [ -n "${API_KEY:-}" ]; then
    OPENAI_API_KEY=$API_KEY
    export OPENAI_API_KEY
fi
if [ -n "${API_BASE:-}" ]; then
    OPENAI_BASE_URL=$API_BASE
    export OPENAI_BASE_URL
fi
# --model among the arguments overrides EVAL_MODEL, also in the names of the results.
previous=
named=${OPENAI_API_KEY:-}${OPENAI_BASE_URL:-}
for argument in "$@"; do
    case "$previous" in --model) EVAL_MODEL=$argument ;; esac
    case "$argument" in
    --model=*) EVAL_MODEL=${argument#--model=} ;;
    --api-base | --api-base=* | --api-key | --api-key=*) named=yes ;;
    esac
    previous=$argument
done
if [ -z "${EVAL_MODEL:-}" ]; then
    if [ -z "$named" ]; then
        EVAL_MODEL=embedded
        echo "No judge named (API_KEY, API_BASE, EVAL_MODEL): using the embedded one, a lexical matcher." >&2
    else
        EVAL_MODEL=gpt-4o
    fi
fi
unset API_KEY

input=${INPUT_FILE:-$here/example/infer_input_10samples.jsonl}
models=${MODEL_BE_EVALUATED:-all}
folder=${OUTPUT_DIR:-output}
judge=$(printf '%s' "$EVAL_MODEL" | LC_ALL=C sed 's/[^A-Za-z0-9._+-]/_/g')

flags=()
add() { # FLAG VALUE: passed on only when the variable is set, so that the program's defaults hold
    if [ -n "$2" ]; then flags+=("$1" "$2"); fi
}
add --max-tokens "${MAX_TOKENS:-}"
add --temperature "${TEMPERATURE:-}"
add --max-retries "${MAX_RETRIES:-}"
add --concurrent-requests "${CONCURRENT_REQUESTS:-}"
add --rate-limit-delay "${RATE_LIMIT_DELAY:-}"
add --batch-size "${BATCH_SIZE:-}"
add --granularity "${GRANULARITY:-}"

"$python" "$here/metajudge_infer.py" \
    --input-file "$input" \
    --output-file "$folder/{model}-$judge-meta_eval.jsonl" \
    --model-be-evaluated "$models" \
    --model "$EVAL_MODEL" \
    ${flags[@]+"${flags[@]}"} "$@"
status=$?

for argument in "$@"; do
    case "$argument" in --dry-run | --version | --output-file | --output-file=*) exit "$status" ;; esac
done

# Print the table in any case: a stopped run has results, too. The page shows the same results in a browser.
if [ -d "$folder" ]; then
    if [ "$models" = all ]; then
        "$python" "$here/metajudge_analysis.py" --input-dir "$folder" --eval-model "$EVAL_MODEL"
    else
        "$python" "$here/metajudge_analysis.py" --input-dir "$folder" --eval-model "$EVAL_MODEL" \
            --model-be-evaluated "$models"
    fi
    if [ $? -lt 2 ]; then # else there are no results, and the analysis has printed why
        PYTHONPATH="$here" "$python" -m metajudge view "$folder" --eval-model "$EVAL_MODEL" \
            --output-file "$folder/index.html"
    fi
fi
# The last line points to the error, which is above the table.
if [ "$status" -ne 0 ]; then
    echo "metajudge: the inference ended with status $status; its message is above the table" >&2
fi
exit "$status"
