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
if ! "$venv/bin/python" -m pip install --disable-pip-version-check --retries 2 --progress-bar off -r "$requirements" 2>&1 \
    | tee "$log" | awk '/^(Collecting|Installing)/ { printf "."; fflush(); dots = 1 } END { if (dots) print "" }'; then
    grep -iE '^error' "$log" | head -3 >&2
    echo "webmail: the packages could not be installed. Check that the Python package index can be reached, then run the same command again." >&2
    rm -f "$log"; exit 1
fi
rm -f "$log"
