#!/bin/sh
# Pin every requirements file by hash. The layers come first; what develops and tests them takes the same versions.
set -eu
lock() {
    .local/uv/bin/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.13 \
        --custom-compile-command "make lock" "$@"
}
lock requirements/runtime.in -o layers/deps/requirements.txt
lock requirements/ranker.in -o layers/ranker/requirements.txt
lock requirements/dev.in -c layers/deps/requirements.txt -c layers/ranker/requirements.txt -o requirements/dev.txt
for name in emulator sam uv; do lock "requirements/$name.in" -o "requirements/$name.txt"; done
