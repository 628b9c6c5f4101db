#!/bin/sh
# Writes the three lock files from their hand-written sources. UPGRADE=1 looks for newer versions;
# without it, a pin moves only when its source demands it.
set -eu
cd "$(dirname "$0")/.."
. tools/node.sh

upgrade=""
[ -z "${UPGRADE:-}" ] || upgrade="--upgrade"

# --universal: one lock for Linux, where Azure runs it, and for the macOS and Linux machines it is written on.
for name in requirements requirements-dev; do
    # shellcheck disable=SC2086
    .venv/bin/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes $upgrade \
        --custom-compile-command "make lock" --output-file "$name.txt" "$name.in"
done

# A lock file without the tarball addresses makes npm ask the registry about each package again.
npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved=false \
    --replace-registry-host=never > /dev/null
