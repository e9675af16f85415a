#!/usr/bin/env bash
# Builds the source archive and the wheel, and runs the quick start of the installed wheel without the checkout, with the
# oldest and the newest supported Python of this machine: `bash tests/package.sh PYTHON`, whose `build` makes the wheel.
set -eu
unset CDPATH

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# From a clone, so that nothing that git does not know is in the package.
git clone --quiet "$root" "$work/clone"
(cd "$work/clone" && "$1" -m build --outdir "$work/dist" . >"$work/log" 2>&1) || { tail -n 20 "$work/log" >&2; exit 1; }
"$1" - "$work" <<'CHECK'
import glob, sys, tarfile, zipfile
work = sys.argv[1]
(wheel,), (source,) = glob.glob(f"{work}/dist/*.whl"), glob.glob(f"{work}/dist/*.tar.gz")
names = zipfile.ZipFile(wheel).namelist()
assert wheel.rpartition("/")[2].startswith("rationale_metajudge-"), wheel
data = {"py.typed", "data/example_rows.jsonl", "tasks/critic/instructions/critic.txt", "reports/page/assets/main.js",
        "reports/page/assets/labels/main.js"}
assert {f"metajudge/{name}" for name in data} <= set(names), names
assert not [name for name in names if name.startswith(("tests", "example", "docs"))], names
assert any(name.endswith("/requirements.txt") for name in tarfile.open(source).getnames())
CHECK

# Every supported Python on the path or of pyenv, the oldest first; each line: version, path.
pythons() {
    for python in python3.11 python3.12 python3.13 python3.14 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3 "$1"; do
        "$python" -c 'import sys, venv
if sys.version_info >= (3, 11): print("%d.%02d" % sys.version_info[:2], sys.executable)' 2>/dev/null || :
    done | sort | awk '{ line[NR] = $0 } END { print line[1]; if (line[NR] != line[1]) print line[NR] }'
}

mkdir "$work/home"
while read -r version python; do
    "$python" -m venv "$work/$version"
    "$work/$version/bin/python" -m pip install --quiet --disable-pip-version-check "$work"/dist/*.whl
    cd "$work/home"
    env -i HOME="$work/home" PATH="$work/$version/bin:/usr/bin:/bin" metajudge init "try-$version"
    (cd "try-$version" && env -i HOME="$work/home" PATH="$work/$version/bin:/usr/bin:/bin" bash quickstart.sh) >"$work/table"
    [ "$(grep -Ec '^model-(low|high)_deceptive_alignment +[0-9. ]+ 10 +$' "$work/table")" -eq 2 ] ||
        { cat "$work/table" >&2; echo "the quick start of the package failed with Python $version" >&2; exit 1; }
    echo "the installed package passes its quick start with Python $version"
done < <(pythons "$1")
