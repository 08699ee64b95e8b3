#!/usr/bin/env bash
# interruptible.sh [--exit-code-file=FILE] COMMAND...
#
# Runs a command so that a supervisor can tell "finished" from "told to stop". TERM, and Ctrl-C as TERM, are passed on,
# and the command is given the time it needs to save. Exit code: 143 if it was told to stop, whatever the command
# returned; otherwise the command's own. Kubernetes, for one, takes a pod that saves and leaves with 0 for a finished run.
set -u

code_file=""
case "${1:-}" in
  --help | -h)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  --exit-code-file=*)
    code_file="${1#*=}"
    shift
    ;;
  -*)
    echo "interruptible.sh: unknown flag $1; see --help" >&2
    exit 2
    ;;
esac
[ $# -gt 0 ] || {
  echo "interruptible.sh: no command; see --help" >&2
  exit 2
}

told=""
child=""
# shellcheck disable=SC2329 # called by the trap
pass_on() {
  told=1
  if [ -n "$child" ]; then kill -TERM "$child" 2>/dev/null; fi
}
trap pass_on TERM INT

"$@" &
child=$!
if [ -n "$told" ]; then kill -TERM "$child" 2>/dev/null; fi # told between the trap and the start

code=0
while :; do
  wait "$child" # returns early when a signal arrives: then the command is still there
  code=$?
  kill -0 "$child" 2>/dev/null || break
done
if [ -n "$told" ]; then code=143; fi
if [ -n "$code_file" ]; then echo "$code" >"$code_file"; fi
exit "$code"
