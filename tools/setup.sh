#!/bin/sh
# Brings .venv and node_modules to what the lock files say; a second run finds that out and returns at once.
#
# Each tree carries a stamp: the checksum of everything that decides its content. The stamp says
# "unfinished" from the first change to the last, so an interrupted run is never taken for a complete one.
set -eu
cd "$(dirname "$0")/.."

# A company's own certificate authority is in the system's store, and not in those that uv and Node bring along.
export UV_SYSTEM_CERTS=true

say() { printf 'set-up: %s\n' "$*"; }
fail() { changed=""; printf 'set-up: %s\n' "$*" >&2; exit 1; }
checksum() { cat "$@" | cksum; }
stamped() { cat "$1/.stamp" 2>/dev/null || true; }
stamp() { printf '%s\n' "$2" > "$1/.stamp.new" && mv "$1/.stamp.new" "$1/.stamp"; }

# The folder is part of it because a virtual environment holds absolute paths and does not survive a move.
python_wanted="$(checksum .python-version pyproject.toml requirements.txt requirements-dev.txt tools/setup.sh) $PWD"
node_wanted="$(checksum package.json package-lock.json)"

find_python() {
    # The base interpreter, because the one that answers may belong to the .venv that is about to go.
    for name in python3.13 python3 python; do
        "$name" -c 'import sys; sys.version_info[:2] == (3, 13) or sys.exit(1); print(sys.base_prefix + "/bin/python3.13")' \
            2>/dev/null && return
    done
    return 1
}

create_venv() {
    python="$(find_python)" ||
        fail "Python 3.13 is needed and no python3.13 runs here; install it (python.org, pyenv, or your package manager) and start again."
    say "creating .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || fail "$python could not create a virtual environment (on Debian and Ubuntu, python3.13-venv holds the missing part)."
    stamp .venv unfinished
}

install_uv() {
    # pip refuses a bare name beside hashes, so uv is handed over as the lock file's own lines.
    awk '/^[^ #]/ { wanted = /^uv==/ } wanted' requirements-dev.txt > .venv/uv.txt
    .venv/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --no-deps -r .venv/uv.txt
}

install_packages() {
    # uv is five times faster than pip; pip is the one that knows a mirror named in pip.conf.
    uv="$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements-dev.txt)"
    [ "uv==$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = "$uv" ] || install_uv
    if ! .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.txt requirements-dev.txt; then
        say "uv could not install them; trying pip"
        .venv/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes \
            -r requirements.txt -r requirements-dev.txt
    fi
    .venv/bin/uv pip install --quiet --offline --python .venv/bin/python --no-deps --no-build-isolation --editable .
}

set_up_python() {
    # Without a finished stamp for this very folder, nobody knows what is in there.
    case "$(stamped .venv)" in
        *" $PWD") .venv/bin/python -c '' 2>/dev/null || create_venv ;;
        *) create_venv ;;
    esac
    stamp .venv unfinished
    count="$(cat requirements.txt requirements-dev.txt | grep '^[a-z0-9].*==' | sort -u | wc -l | tr -d ' ')"
    say "installing $count pinned packages (hashes checked)"
    install_packages
    stamp .venv "$python_wanted"
}

set_up_node() {
    . tools/node.sh
    azurite="$(sed -n 's/.*"azurite": "\(.*\)".*/\1/p' package.json)"
    say "installing Azurite $azurite"
    mkdir -p node_modules
    stamp node_modules unfinished
    # No package's own script is run: nothing here needs one, and that is where npm's worst surprises live.
    npm ci --ignore-scripts > /dev/null
    stamp node_modules "$node_wanted"
}

changed=""
trap '[ -z "$changed" ] || say "not finished; start it again to complete it"' EXIT
trap 'exit 130' INT TERM
if [ "$(stamped .venv)" != "$python_wanted" ]; then changed=yes; set_up_python; fi
if [ "$(stamped node_modules)" != "$node_wanted" ]; then changed=yes; set_up_node; fi
[ -z "$changed" ] || say "done"
changed=""
