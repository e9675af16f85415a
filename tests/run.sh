#!/usr/bin/env bash
# Runs the test suite; sets up what it needs in .venv-test on first use.
#   bash tests/run.sh              all but the slow tests
#   bash tests/run.sh --slow       everything
#   bash tests/run.sh tests/unit   any argument of pytest (then without the coverage bound)
set -u
unset CDPATH # with it, cd prints where it goes

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 2
cd "$root" || exit 2

find_python() {
    for python in ${PYTHON:+"$PYTHON"} .venv-test/bin/python python3.14 python3.13 python3.12 python3.11 python3; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && return 0
    done
    echo "tests: no Python 3.11 or newer found; install one, or set PYTHON to its path" >&2
    return 1
}

find_python || exit 2
files=(requirements.txt tests/requirements.txt)
slow=
for argument in "$@"; do
    [ "$argument" = --slow ] && slow=yes
done
# An environment that fits the slow tests is kept.
if [ -n "$slow" ] ||
    "$root/.venv-test/bin/python" -m metajudge.bootstrap --check tests/requirements-slow.txt >/dev/null 2>&1; then
    files+=(tests/requirements-slow.txt)
fi
python=$("$python" -m metajudge.bootstrap --venv "$root/.venv-test" \
    --no-deps tests/requirements-alone.txt "${files[@]}") || exit 2
python=$root/.venv-test/bin/python

# Tools that check the page of `view`: types, lint, accessibility. Without them their tests are skipped.
page=$root/tests/page
if [ "$page/package-lock.json" -nt "$page/node_modules/.package-lock.json" ]; then
    PATH=$root/.venv-test/bin:$PATH npm ci --prefix "$page" --silent --no-fund --no-audit &&
        touch "$page/node_modules/.package-lock.json" ||
        echo "tests: npm cannot install the tools of tests/page; the tests that need them are skipped" >&2
fi

# The developer's own settings must not decide a test.
unset OPENAI_API_KEY OPENAI_BASE_URL API_KEY API_BASE EVAL_MODEL
# With it, every process that a test starts compiles the package again.
unset PYTHONDONTWRITEBYTECODE

narrowed=
for argument in "$@"; do
    [ "$argument" = --slow ] || narrowed=yes
done
if [ -n "$narrowed" ]; then
    exec "$python" -m pytest "$@"
fi
rm -f .coverage .coverage.*
# Tracing is slower.
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' && export COVERAGE_CORE=sysmon
# Most tests wait for processes and for time to pass: four at a time, also on two cores.
"$python" -m coverage run -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder --durations 10 "$@"
status=$?
"$python" -m coverage combine --quiet && "$python" -m coverage report --fail-under=95 >.coverage-report 2>&1
covered=$?
tail -n 25 .coverage-report
if [ "$status" -eq 0 ] && [ "$covered" -ne 0 ]; then
    echo "tests: line coverage of metajudge/ is below 95 %" >&2
    status=1
fi
exit "$status"
