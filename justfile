# The tests that `cargo test` leaves out, because they are slow or need other programs.
slow_half := "cargo test --quiet -p ws101-cli --test untried -- --slow-half"

# What there is to do here.
[private]
default:
    @just --list --unsorted

# Teach lesson N before a class: `just lesson 3`, `just lesson 3 ru --lan`; `--plain` names its page and runs its example only; without N, list the lessons
[no-exit-message]
[positional-arguments]
lesson n="" *options:
    #!/bin/sh
    n=${1:-} lang= plain=
    if [ $# -gt 0 ]; then shift; fi
    case "${1:-}" in en | ru) lang=$1 && shift ;; esac
    for option in "$@"; do
        if [ "$option" = --plain ]; then plain=yes; fi
    done
    # With a job of its own, Ctrl-C is for the lesson, and `just` has no error to report.
    if [ -t 0 ]; then set -m; fi
    if [ -z "$plain" ]; then
        # A build of some seconds is told, since cargo is quiet about it.
        case "${lang:-${LANG:-}}" in
            ru*) building="собираю ws101; в первый раз это несколько минут" ;;
            *) building="building ws101; the first time this takes some minutes" ;;
        esac
        (sleep 2 >/dev/null 2>&1; echo "$building" >&2) &
        cargo build --quiet -p ws101-cli
        built=$?
        kill $! 2>/dev/null
        wait $! 2>/dev/null
        if [ $built -ne 0 ]; then exit $built; fi
        cargo run --quiet -p ws101-cli -- lesson ${n:+"$n"} ${lang:+--lang "$lang"} "$@"
        exit
    fi
    if [ -z "$lang" ]; then
        case "${LANG:-}" in ru*) lang=ru ;; *) lang=en ;; esac
    fi
    numbers=
    for page in "lessons/$lang"/[0-9]*_*.md; do
        name=${page##*/} name=${name%.md}
        number=${name%%_*} number=${number#0}
        numbers="$numbers $number"
        if [ "$number" = "$n" ] || [ "0$number" = "$n" ]; then
            echo "$page"
            cargo run --example "${name#*_}"
            exit
        fi
    done
    case "$lang" in
        ru) echo "урока $n нет; есть:$numbers" >&2 ;;
        *) echo "there is no lesson $n; there are:$numbers" >&2 ;;
    esac
    exit 1

# Run the tests: the quick half; with `just test all` the slow half, too; with `just test grader` every student's program, in some ten minutes
test half="quick":
    #!/bin/sh
    set -e
    case {{ quote(half) }} in
        quick) cargo test --quiet ;;
        all) cargo test --quiet && {{ slow_half }} ;;
        grader)
            cargo build --quiet -p ws101-cli --bins --examples
            STUDENTS=all cargo test --quiet -p ws101-cli --test students --test grader ;;
        *) echo "just test, just test all, or just test grader" >&2; exit 2 ;;
    esac

# Property tests: random inputs for the parsers and for the chat, for some minutes: `just properties 10`
properties minutes="1":
    PROPERTY_MINUTES={{ minutes }} cargo test -p ws101-properties -- --nocapture --test-threads=64

# Fuzz a target for some minutes: `just fuzz frames 10`. Needs nightly Rust and `cargo install cargo-fuzz`; without a target it lists them
fuzz target="" minutes="1":
    #!/bin/sh
    set -e
    if [ -z {{ quote(target) }} ]; then
        cargo +nightly fuzz list
        exit
    fi
    # libFuzzer keeps new inputs in the first folder. Copy one into the second if it found a fault.
    found=target/fuzz/{{ quote(target) }}
    mkdir -p "$found"
    cargo +nightly fuzz run {{ quote(target) }} "$found" fuzz/corpus/{{ quote(target) }} -- \
        -max_total_time=$((60 * {{ minutes }})) -timeout=10 -max_len=16384

# The fan-out in every order its tasks can run in, long models with three preemptions: it takes minutes
model preemptions="3":
    MODEL_PREEMPTIONS={{ preemptions }} cargo test -p ws101-model -- --nocapture

# Clients of all kinds against full_chat for some minutes: `just soak 10`
soak minutes="1":
    cargo run --release -p ws101-soak -- --minutes {{ minutes }}

# Attack the examples with crowds, floods and odd requests, in some minutes: `just siege`, `just siege --only odd`, `just siege --table`
siege *options:
    cargo run --release -p ws101-siege -- {{ options }}

# A class of 60 phones and 3 projector pages for some minutes: are events late, does the memory grow? `just class 10`, `just class 1 --echo`
class minutes="1" *options:
    cargo run --release -p ws101-soak -- --class --minutes {{ minutes }} {{ options }}

# Install what the slow half of the tests needs: Chromium, Node, Python, Go and their libraries
clients:
    bash .ci/install

# Measure the chat next to a bare floor and the naive way, in five minutes: `just bench`, `just bench fan1 idle`
bench *modes:
    cargo run --release -p ws101-bench -- {{ modes }}

# Format, lints, tests: most of what CI asks for
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings
    cargo clippy --workspace --all-features --test '*' -- -D warnings
    cargo test --quiet

# Are the checks ever wrong? Each a thousand times in virtual time, each lesson fifty over TCP, recordings a hundred
steady:
    cargo build --quiet --release --examples
    cargo test --quiet --release -p ws101-cli --bins --test check --test client --test others -- --ignored

# Every value of every field of RFC 6455 against three of our servers: it takes minutes
conformance:
    cargo build --quiet --release --examples
    CONFORMANCE=full cargo test --quiet --release --test rfc6455 -- --nocapture every_value_of_every_field

# Licences, advisories, sources, and no second tungstenite: `cargo install --locked cargo-deny` first
deny:
    cargo deny --workspace check

# Renew the code and the bytes that pages quote, the table of RFC 6455, and what commands say
sync:
    UPDATE_EXCERPTS=1 cargo test --quiet --test lessons every_excerpt_is_verbatim
    UPDATE_EXCERPTS=1 cargo test --quiet --test rfc6455 the_table_is_that_of_the_cases
    UPDATE_EXCERPTS=1 cargo test --quiet --test wst
    UPDATE_EXCERPTS=1 cargo test --quiet -p ws101-cli --test others guide
    git diff --stat -- '*.md' docs/vscode

# List the blocks of lessons whose twin in the other language has changed
[no-exit-message]
stale:
    #!/bin/sh
    if said=$(RUST_BACKTRACE=0 cargo test --quiet --test lessons neither_language 2>&1); then
        echo "no block waits for its twin"
    else
        printf '%s\n' "$said" | grep '^lessons/' || printf '%s\n' "$said"
        exit 1
    fi

# Say that both languages agree, having read both: `just twin 8 trap`, or all of lesson 8: `just twin 8`
twin lesson block="":
    TWINS_AGREE="{{ lesson }} {{ block }}" cargo test --quiet --test lessons neither_language
    git diff --stat -- lessons

# Accept what the snapshot tests see now, and show what is different. Read it; then `just sync`
review:
    -INSTA_UPDATE=always cargo test --quiet --no-fail-fast
    -INSTA_UPDATE=always {{ slow_half }}
    git diff -- '*.snap'
    git status --short -- '*.snap'

# Renew the picture of the page in the README: look at it before you keep it
picture:
    cargo test --quiet --test browser there_are_pictures_of_every_screen
    cp target/screenshots/laptop-en-light.png lessons/full_chat.png
