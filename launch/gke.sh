#!/usr/bin/env bash
# gke.sh VERB [flags] [-- flags of the program]
#
# A run on a TPU slice of a GKE cluster, from the template gke.yaml. The cluster has a TPU node pool (or is an
# Autopilot cluster), the JobSet controller, the Cloud Storage FUSE driver, and a Kubernetes service account that may
# write to the bucket. kubectl points to it.
#
#   apply    starts the run, or starts it again with the same flags: it resumes from the newest checkpoint
#   status   the JobSet and its pods
#   logs     follows the first machine
#   delete   ends the run (the program saves first); the node pool stays, and costs, unless it scales by itself
#
#   --name N              of the run                               every verb
#   --namespace S         (default)
#   --image I             made with launch/Dockerfile              apply
#   --accelerator A       the node label: tpu-v3-slice, tpu-v4-podslice, tpu-v5-lite-podslice, tpu-v5p-slice, tpu-v6e-slice
#   --topology T          e.g. 4x4 or 2x2x4                        apply
#   --chips-per-host N    (4)
#   --config C            a name that ships, or a file there  apply
#   --workdir D           below --mount                            apply
#   --bucket B            a bucket's name, mounted at --mount (/mnt/gan_jax)
#   --data-dir D          prepared TFDS data (MOUNT/data)
#   --service-account A   (default)
#   --spot                on Spot nodes
#   --max-restarts N      of the whole slice, preemptions included (100)
#   --dry-run             prints the manifest and the commands, runs none
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
options="name namespace image accelerator topology chips_per_host config workdir bucket mount data_dir service_account max_restarts"
switches="spot"
# shellcheck source-path=SCRIPTDIR source=flags.sh
. "$here/flags.sh"
# shellcheck source-path=SCRIPTDIR source=topologies.sh
. "$here/topologies.sh"

name="" image="" accelerator="" topology="" config="" workdir="" bucket="" data_dir="" spot=""
namespace=default chips_per_host=4 mount=/mnt/gan_jax service_account=default max_restarts=100

# A string as JSON, which YAML reads as it stands: no value can change the manifest's shape.
json() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }

# What sed must not read as its own in a replacement.
literal() { printf '%s' "$1" | sed 's/[\\&|]/\\&/g'; }

number() {
  local variable
  for variable in "$@"; do
    case "${!variable}" in "" | *[!0-9]*) die "$(flag_of "$variable")=${!variable} is not a number" ;; esac
  done
}

# The kind of TPU that a node label names; nothing for one that is not known here.
kind_of_accelerator() {
  case "$accelerator" in
    tpu-v2-*) echo v2 ;;
    tpu-v3-*) echo v3 ;;
    tpu-v4-*) echo v4 ;;
    tpu-v5-lite-*) echo v5e ;;
    tpu-v5p-*) echo v5p ;;
    tpu-v6e-*) echo v6e ;;
  esac
}

# The machines of the slice: chips of the topology over chips of a machine.
hosts() {
  local chips kind
  case "$topology" in *[!0-9x]* | x* | *x | *xx* | "") die "--topology=$topology is not like 4x4 or 2x2x4" ;; esac
  kind="$(kind_of_accelerator)"
  if [ -n "$kind" ]; then
    check_slice "$kind" "$topology" "$topology"
  else
    note "--accelerator=$accelerator is not known here: whether it comes as $topology is not checked"
  fi
  chips="$(chips_of "$topology")"
  [ "$((chips % chips_per_host))" = 0 ] && [ "$chips" -gt 0 ] ||
    die "--topology=$topology has $chips chips, which --chips-per-host=$chips_per_host does not divide"
  echo "$((chips / chips_per_host))"
}

manifest() {
  local script="" args spot_line line word machines
  machines="$(hosts)" || return
  fill() { script="$script;s|@$1@|$(literal "$2")|g"; }
  # A comment that marks a place is replaced, with its indentation kept; unused, it goes.
  if [ -n "$spot" ]; then spot_line='s|# @SPOT@|cloud.google.com/gke-spot: "true"|'; else spot_line='/# @SPOT@/d'; fi
  fill NAME "$(json "$name")"
  fill NAMESPACE "$(json "$namespace")"
  fill MAX_RESTARTS "$max_restarts"
  fill HOSTS "$machines"
  fill CHIPS_PER_HOST "$chips_per_host"
  fill SERVICE_ACCOUNT "$(json "$service_account")"
  fill ACCELERATOR "$(json "$accelerator")"
  fill TOPOLOGY "$(json "$topology")"
  fill IMAGE "$(json "$image")"
  fill DATA_DIR "$(json "$data_dir")"
  fill MOUNT "$(json "$mount")"
  fill BUCKET "$(json "$bucket")"
  args="s|--config=@CONFIG@|$(literal "$(json "--config=$config")")|;s|--workdir=@WORKDIR@|$(literal "$(json "--workdir=$workdir")")|"
  sed "$spot_line;$args$script" "$here/gke.yaml" | while IFS= read -r line; do
    case "$line" in
      *"# @EXTRA@"*) for word in ${extra[@]+"${extra[@]}"}; do printf '%s- %s\n' "${line%%#*}" "$(json "$word")"; done ;;
      "#"*) ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}

apply() {
  required image accelerator topology config workdir bucket
  number chips_per_host max_restarts
  case "$bucket" in gs://*) die "--bucket takes the bare name, without gs://" ;; esac
  case "$workdir" in "$mount"/*) ;; *) die "--workdir=$workdir does not lie below --mount=$mount, where the bucket is" ;; esac
  [ -n "$data_dir" ] || data_dir="$mount/data"
  local text
  text="$(manifest)" || exit 2
  # A JobSet that has ended cannot be changed, only replaced.
  run kubectl delete jobset "$name" "--namespace=$namespace" --ignore-not-found --wait
  if [ -n "$dry_run" ]; then
    printf '%s\n' "kubectl apply --filename=- <<'MANIFEST'" "$text" MANIFEST
  else
    printf '%s\n' "$text" | kubectl apply --filename=-
  fi
}

verb="${1:-}"
[ $# -eq 0 ] || shift
case "$verb" in
  apply | status | logs | delete) parse "$@" ;;
  "" | --help | -h | help)
    usage
    exit 0
    ;;
  *) die "unknown verb '$verb'; one of apply, status, logs, delete" ;;
esac
required name
case "$verb" in
  apply) apply ;;
  status) run kubectl get jobset,pods "--selector=jobset.sigs.k8s.io/jobset-name=$name" "--namespace=$namespace" ;;
  logs) run kubectl logs --follow "--selector=jobset.sigs.k8s.io/jobset-name=$name,batch.kubernetes.io/job-completion-index=0" --container=gan-jax "--namespace=$namespace" ;;
  delete) run kubectl delete jobset "$name" "--namespace=$namespace" --wait ;;
esac
