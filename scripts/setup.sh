#!/usr/bin/env bash
# Make the virtual environment and install one requirements file: setup.sh PYTHON VENV REQUIREMENTS
set -eu
python=$1 venv=$2 requirements=$3
command -v "$python" >/dev/null || { echo "webmail: '$python' is missing. Install Python 3.11 or newer (Debian: apt install python3 python3-venv)." >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "webmail: $("$python" --version) is too old; Python 3.11 or newer is needed." >&2; exit 1; }
if [ ! -x "$venv/bin/python" ]; then
    echo "webmail: making the virtual environment ($venv)"
    "$python" -m venv "$venv" >/dev/null 2>&1 || { rm -rf "$venv"; echo "webmail: the virtual environment cannot be made. Install the venv module (Debian: apt install python3-venv)." >&2; exit 1; }
fi
echo "webmail: installing the packages of $requirements (the first time takes about a minute)"
log=$(mktemp)
set -o pipefail

# One dot for each package shows that something happens.
dots() {
    local word shown=
    while read -r word _; do
        case $word in Collecting | Installing) printf . && shown=yes ;; esac
    done
    [ -z "$shown" ] || echo
}

if ! "$venv/bin/python" -m pip install --disable-pip-version-check --retries 2 --progress-bar off -r "$requirements" 2>&1 | tee "$log" | dots; then
    # The last line that pip calls an error names the package; whatever else it said stays to be read where there is none.
    if reason=$(grep -i '^error' "$log" | tail -n 1 | cut -c 1-200); then rm -f "$log"; else reason="its words are in $log"; fi
    echo "webmail: the packages could not be installed. Check that the Python package index can be reached, then run the same command again ($reason)." >&2
    exit 1
fi
rm -f "$log"
