#!/usr/bin/env bash
# tpu_worker.sh VERB [flags] [-- flags of the program]
#
# Runs on one machine of a TPU slice; tpu_vm.sh calls it on all of them at once. Verbs:
#   setup   Python, the package, the mounted bucket, a local copy of the data
#   train   starts the program, detached; its output goes to ~/gan_jax_run/log.txt. No-op while one runs
#   run     runs the program in the foreground
#   stop    asks the program to save and leave, and waits for it; with --kill, not longer than --patience
#   status  one word: running, finished, stopped, interrupted, failed, absent; then the end of the log with --lines
#
# Flags: --config  --workdir  --bucket NAME  --mount DIR (/mnt/gan_jax)  --data gs://...  --data-dir DIR (~/data)
#        --lines N  --patience SECONDS (600)  --kill  --dry-run
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
options="config workdir bucket mount data data_dir lines patience"
switches="kill"
paths="config workdir mount data_dir"
# shellcheck source-path=SCRIPTDIR source=flags.sh
. "$here/flags.sh"

config="" workdir="" bucket="" data="" lines=0 patience=600 kill=""
mount="/mnt/gan_jax"
data_dir="$HOME/data"
environment="$HOME/gan_jax_env"
state="$HOME/gan_jax_run"

install_package() {
  run python3 -m pip install --user --quiet --upgrade uv # the image's own Python is older than the package needs
  [ -d "$environment" ] || run "$HOME/.local/bin/uv" venv --python 3.12 "$environment"
  run "$HOME/.local/bin/uv" pip install --python "$environment/bin/python" --upgrade "${root}[gs,tpu]"
}

install_gcsfuse() {
  if command -v gcsfuse >/dev/null && [ -z "$dry_run" ]; then return; fi
  local key=/usr/share/keyrings/cloud.google.asc
  local list=/etc/apt/sources.list.d/gcsfuse.list
  # A fresh machine may still be updating itself: wait for the package lock.
  run sudo curl -fsSL -o "$key" https://packages.cloud.google.com/apt/doc/apt-key.gpg
  # shellcheck disable=SC2016 # expanded by the inner shell
  run sudo bash -c 'echo "deb [signed-by=$1] https://packages.cloud.google.com/apt gcsfuse-$(lsb_release -cs) main" >"$2"' _ "$key" "$list"
  run sudo apt-get -o DPkg::Lock::Timeout=600 -qq update
  run sudo apt-get -o DPkg::Lock::Timeout=600 -qq install -y gcsfuse
}

# All machines write into one checkpoint folder: no cached metadata, or one does not see what another has just made.
mount_bucket() {
  [ -n "$bucket" ] || return 0
  if [ -z "$dry_run" ] && mountpoint -q "$mount"; then return; fi
  install_gcsfuse
  run sudo mkdir -p "$mount"
  run sudo chown "$(id -u):$(id -g)" "$mount"
  run gcsfuse --implicit-dirs --rename-dir-limit=200000 --metadata-cache-ttl-secs=0 --metadata-cache-negative-ttl-secs=0 \
    "$bucket" "$mount"
}

copy_data() {
  [ -n "$data" ] || return 0
  run mkdir -p "$data_dir"
  run gcloud storage rsync --recursive "$data" "$data_dir"
}

running() {
  local pid
  pid="$(cat "$state/pid" 2>/dev/null)" || return 1
  ps -o args= -p "$pid" 2>/dev/null | grep -q interruptible.sh # after a reboot the number may be someone else's
}

word() {
  local code
  if running; then
    echo running
  elif [ ! -e "$state/pid" ]; then
    echo absent
  elif ! code="$(cat "$state/exit_code" 2>/dev/null)"; then
    echo interrupted
  elif [ "$code" = 0 ]; then
    echo finished
  elif [ "$code" = 143 ]; then
    if [ -e "$state/asked" ]; then echo stopped; else echo interrupted; fi
  else
    echo failed
  fi
}

train() {
  required config workdir
  mount_bucket
  if [ -z "$dry_run" ] && running; then
    note "already running on $(hostname)"
    return
  fi
  run mkdir -p "$state" "$workdir"
  run rm -f "$state/exit_code" "$state/asked"
  run cd "$root"
  run export TFDS_DATA_DIR="$data_dir" PYTHONUNBUFFERED=1
  local program=("$here/interruptible.sh" "--exit-code-file=$state/exit_code" "$environment/bin/python" -m gan_jax.main
    "--config=$config" "--workdir=$workdir" --distributed ${extra[@]+"${extra[@]}"})
  if [ -n "$dry_run" ]; then
    quoted nohup setsid bash "${program[@]}"
    return
  fi
  nohup setsid bash "${program[@]}" >>"$state/log.txt" 2>&1 </dev/null &
  echo $! >"$state/pid"
  note "started on $(hostname); log: $state/log.txt"
}

foreground() {
  required config workdir
  mount_bucket
  if [ -z "$dry_run" ] && running; then die "the TPU is taken by the training on $(hostname); stop it first"; fi
  run cd "$root"
  run export TFDS_DATA_DIR="$data_dir" PYTHONUNBUFFERED=1
  run "$environment/bin/python" -m gan_jax.main "--config=$config" "--workdir=$workdir" --distributed ${extra[@]+"${extra[@]}"}
}

stop() {
  if [ -n "$dry_run" ]; then
    echo "kill -TERM PID # the number in $state/pid"
    return
  fi
  running || {
    note "nothing runs on $(hostname)"
    return
  }
  touch "$state/asked"
  command kill -TERM "$(cat "$state/pid")"
  local waited=0
  while running; do
    if [ "$waited" -ge "$patience" ]; then
      [ -n "$kill" ] || die "still running on $(hostname) after $patience s; it may be compiling or saving"
      command kill -KILL -- "-$(cat "$state/pid")" || true # the whole group: setsid made one
    fi
    sleep 1
    waited=$((waited + 1))
  done
  note "stopped on $(hostname)"
}

status() {
  word
  if [ "$lines" != 0 ] && [ -e "$state/log.txt" ]; then tail -n "$lines" "$state/log.txt"; fi
}

verb="${1:-}"
[ $# -eq 0 ] || shift
case "$verb" in
  setup | train | run | stop | status) parse "$@" ;;
  "" | --help | -h | help)
    usage
    exit 0
    ;;
  *) die "unknown verb '$verb'; one of setup, train, run, stop, status" ;;
esac
case "$verb" in
  setup)
    install_package
    mount_bucket
    copy_data
    ;;
  run) foreground ;;
  *) "$verb" ;;
esac
