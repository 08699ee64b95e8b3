#!/usr/bin/env bash
# gpu_machine.sh [flags] [-- flags of the program]
#
# One machine with NVIDIA GPUs, driver installed: makes a virtual environment, installs the package, checks that JAX
# sees the GPUs, trains. A crash starts the same command again, which resumes from the newest checkpoint; Ctrl-C or
# TERM saves and ends.
#
#   --config C          a name that ships, or a file
#   --workdir D         the run's folder
#   --venv D            the environment, made if it is not there (.venv)
#   --python P          that makes it, 3.11 or newer (python3)
#   --skip-install      take the environment as it is
#   --max-restarts N    after crashes, in all (3)
#   --pause S           seconds before a restart (10)
#   --dry-run           prints the commands, runs none
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
options="config workdir venv python max_restarts pause"
switches="skip_install"
paths="config workdir venv python"
# shellcheck source-path=SCRIPTDIR source=flags.sh
. "$here/flags.sh"

config="" workdir="" python="python3" skip_install="" max_restarts=3 pause=10
venv="$root/.venv"
parse "$@"
required config workdir

if [ -z "$skip_install" ]; then
  [ -d "$venv" ] || run "$python" -m venv "$venv"
  run "$venv/bin/python" -m pip install --quiet "${root}[cuda]"
fi
run "$venv/bin/python" -c 'import jax; print(jax.devices("gpu"))' ||
  die "JAX sees no GPU. Does nvidia-smi work? Is $venv free of a CPU-only jaxlib?"

program=("$here/interruptible.sh" "$venv/bin/python" -m gan_jax.main "--config=$config" "--workdir=$workdir"
  ${extra[@]+"${extra[@]}"})
run cd "$root"
if [ -n "$dry_run" ]; then
  quoted bash "${program[@]}"
  exit
fi

told=""
trap 'told=1; [ -z "${child:-}" ] || kill -TERM "$child" 2>/dev/null' TERM INT
restarts=0
while :; do
  bash "${program[@]}" &
  child=$!
  while :; do
    code=0
    wait "$child" || code=$? # returns early when a signal arrives
    kill -0 "$child" 2>/dev/null || break
  done
  if [ -n "$told" ] || [ "$code" = 143 ]; then exit 143; fi
  [ "$code" != 0 ] || exit 0
  [ "$restarts" -lt "$max_restarts" ] || die "ended with $code after $restarts restarts (--max-restarts); giving up"
  restarts=$((restarts + 1))
  note "ended with $code; restart $restarts of $max_restarts in $pause s"
  sleep "$pause"
  [ -z "$told" ] || exit 143
done
