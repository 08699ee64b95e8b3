#!/usr/bin/env bash
# tpu_vm.sh VERB [flags] [-- flags of the program]
#
# One Cloud TPU slice, from nothing to a finished run. Needs the gcloud command, signed in.
#
#   whole    all of it: prints the plan, and goes no further where the machine is too small; creates, then watches until
#            the run has finished, and deletes the slice
#   plan     what the run would cost on --topology; compiled here, nothing is asked of the cloud
#   create   asks for the slice (a queued resource); returns at once, the queue may take minutes or days
#   setup    waits until the slice is there; sends the committed code (git HEAD), installs it, mounts the bucket, copies the data
#   train    starts the same command on all machines of the slice, detached
#   resume   the same as train: a run goes on from the newest checkpoint of its workdir
#   run      runs the program once on all machines in the foreground, e.g. run ... -- --mode=sample --num=64
#   status   the state of the slice, of the program on each machine, and the end of the log
#   stop     asks the program to save and leave; the slice stays (and goes on costing)
#   delete   gives the slice back; the bucket stays
#   watch    keeps the run alive: after a preemption deletes, creates, sets up and trains again. Runs on your own
#            machine until the run has finished, was stopped, or failed --max-restarts times in a row
#
#   --name N         of the slice                                 every verb
#   --zone Z         e.g. europe-west4-a                          every verb
#   --project P      the Google Cloud project                     every verb
#   --topology T     the slice by its chips, e.g. v3:8x8, v4:4x4x4; says the type too   plan, whole, create, watch
#   --type T         e.g. v3-8, v3-128, v4-32, v5litepod-16; needed without --topology   create, watch
#   --runtime R      the TPU software version; chosen by --type if left out
#   --spot           cheaper, and may be taken away at any time
#   --config C       a name that ships, or a file, from the root train, resume, run, watch
#   --workdir D      below --mount, so that it outlives the slice train, resume, run, watch
#                    or, on a slice of one machine, gs://BUCKET/RUN, which needs no --bucket
#   --bucket B       a bucket's name, mounted at --mount (/mnt/gan_jax); watch needs it, or a workdir in gs://
#   --data gs://...  prepared TFDS data, copied to the disk of every machine by setup
#   --data-dir D     where the program looks for data; without --data it may lie below --mount
#   --lines N        of the log, for status (20)
#   --every S        seconds between two looks (60)
#   --max-restarts N failures in a row that watch accepts (3)
#   --delete-when-finished   watch deletes the slice once the run is through
#   --python P       of this machine, with ".[tpu]" installed, for plan (python3)
#   --dry-run        prints the commands, runs none
#
# Every flag may come from the environment: GAN_JAX_NAME, GAN_JAX_ZONE, GAN_JAX_MAX_RESTARTS ...
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
options="name zone project topology type runtime python config workdir bucket mount data data_dir lines every max_restarts"
switches="spot delete_when_finished"
# shellcheck source-path=SCRIPTDIR source=flags.sh
. "$here/flags.sh"
# shellcheck source-path=SCRIPTDIR source=topologies.sh
. "$here/topologies.sh"

name="" zone="" project="" topology="" type="" runtime="" python="python3" config="" workdir="" bucket="" data="" data_dir="" spot="" delete_when_finished=""
mount="/mnt/gan_jax" lines=20 every=60 max_restarts=3

gtpu() { run gcloud compute tpus "$@" "--project=$project" "--zone=$zone"; }

# look FIELD WORDS...: one field of a description; nothing where gcloud has no answer.
look() {
  local field="$1"
  shift
  gcloud compute tpus "$@" "--project=$project" "--zone=$zone" "--format=value($field)" 2>/dev/null || true
}

# on WHERE WORDS...: a command on machine 0, or on `all` of them.
on() {
  local where="$1" at_once=""
  shift
  if [ "$where" = all ]; then at_once=1; fi # the program waits for itself on the other machines
  gtpu tpu-vm ssh "$name" "--worker=$where" ${at_once:+--batch-size=all} --quiet "--command=$(quoted "$@")"
}

worker() {
  local where="$1"
  shift
  on "$where" bash gan_jax_src/launch/tpu_worker.sh "$@"
}

default_runtime() {
  case "$type" in
    v2-* | v3-* | v4-*) echo tpu-ubuntu2204-base ;;
    v5litepod-* | v5lite-*) echo v2-alpha-tpuv5-lite ;;
    v5p-*) echo v2-alpha-tpuv5 ;;
    v6e-*) echo v2-alpha-tpuv6e ;;
    *) die "no software version is known for --type=$type; give one with --runtime" ;;
  esac
}

# A type counts TensorCores, two a chip, but for v5e and v6e, which count chips.
type_of_topology() {
  local kind="${topology%%:*}" sides="${topology#*:}" chips
  case "$topology" in
    *:*x*) ;;
    *) die "--topology=$topology: name a kind and its chips, such as v3:8x8 or v4:4x4x4" ;;
  esac
  check_slice "$kind" "$sides" "$topology"
  chips="$(chips_of "$sides")"
  case "$kind" in
    v2 | v3 | v4 | v5p) echo "$kind-$((2 * chips))" ;;
    v5e) echo "v5litepod-$chips" ;;
    v6e) echo "v6e-$chips" ;;
  esac
}

# One machine is planned and rented: where a topology and a type are both given, they say the same. A plan alone may be
# of any machine, and of several.
agree() {
  local meant from="" told
  if [ "$verb" = plan ]; then
    meant="$(type_of_topology 2>/dev/null)" || return 0
  else
    meant="$(type_of_topology)" || exit 2
  fi
  if [ -z "$type" ]; then
    type="$meant"
  elif [ "${type/#v5lite-/v5litepod-}" != "$meant" ]; then
    [ "$type" != "${GAN_JAX_TYPE:-}" ] || from=" (exported as GAN_JAX_TYPE)"
    told="--type=$type$from is another machine than --topology=$topology, which is $meant"
    [ "$verb" = plan ] || die "$told: leave one of them out"
    note "$told"
  fi
}

plan() {
  required config topology
  run cd "$root"
  run "$python" -m gan_jax.main --mode=plan "--config=$config" "--topology=$topology" ${extra[@]+"${extra[@]}"}
}

whole() {
  required config topology workdir
  required_bucket
  check_workdir
  local code=0
  # In a shell of its own: the script itself stays where it is.
  (plan) || code=$?
  case "$code" in
    0) ;;
    3) die "the plan says that the run does not fit on --topology=$topology; nothing was created" ;;
    *) die "no plan could be made (status $code); nothing was created" ;;
  esac
  step create
  delete_when_finished=1
  watch
}

create() {
  required type
  [ -n "$runtime" ] || runtime="$(default_runtime)"
  gtpu queued-resources create "$name" "--node-id=$name" "--accelerator-type=$type" "--runtime-version=$runtime" ${spot:+--spot}
}

delete() { gtpu queued-resources delete "$name" --force --quiet; }

# The state of the request; UNKNOWN when gcloud cannot tell (no network, no such slice).
slice_state() {
  local state
  state="$(look state.state queued-resources describe "$name")"
  echo "${state:-UNKNOWN}"
}

await_slice() {
  if [ -n "$dry_run" ]; then
    gtpu queued-resources describe "$name" '--format=value(state.state)'
    note "again every $every s until the answer is ACTIVE"
    return
  fi
  local state before="" unknown=0
  while :; do
    state="$(slice_state)"
    [ "$state" = "$before" ] || note "$(date '+%F %T') $name: $state"
    before="$state"
    case "$state" in
      ACTIVE) return ;;
      FAILED | SUSPENDED | SUSPENDING) return 1 ;;
      UNKNOWN)
        unknown=$((unknown + 1))
        [ "$unknown" -lt 10 ] || die "gcloud knows nothing of --name=$name in --zone=$zone of --project=$project"
        ;;
      *) unknown=0 ;;
    esac
    sleep "$every"
  done
}

setup() {
  await_slice || die "the slice is not to be had: $(slice_state). delete it, then create again"
  if [ -z "$dry_run" ] && [ -n "$(git -C "$root" status --porcelain 2>/dev/null)" ]; then note "uncommitted changes stay here: what is sent is HEAD"; fi
  local parcel="/tmp/gan_jax_src.$$.tar.gz"
  [ -z "$dry_run" ] || parcel=/tmp/gan_jax_src.tar.gz
  run git -C "$root" archive --format=tar.gz --prefix=gan_jax_src/ "--output=$parcel" HEAD
  gtpu tpu-vm scp "$parcel" "$name:gan_jax_src.tar.gz" --worker=all --quiet
  run rm -f "$parcel"
  on all bash -c 'rm -rf gan_jax_src && tar -xzf gan_jax_src.tar.gz'
  worker all setup ${bucket:+"--bucket=$bucket" "--mount=$mount"} ${data:+"--data=$data"} ${data_dir:+"--data-dir=$data_dir"}
}

# Whether a slice of --type has one machine: it alone can train in a bucket that is not mounted.
one_machine() {
  case "$type" in
    v2-8 | v3-8 | v4-8 | v5p-8 | v5litepod-[148] | v5lite-[148] | v6e-[148]) ;;
    *) return 1 ;;
  esac
}

# The bucket that the run needs: mounted, or named in the workdir.
required_bucket() { case "$workdir" in gs://*) ;; *) required bucket ;; esac }

check_workdir() {
  required config workdir
  case "$workdir" in
    gs://*)
      required type
      one_machine ||
        die "--workdir=$workdir: a run on several machines, as --type=$type has, needs a mounted bucket: --bucket=NAME --workdir=$mount/..."
      [ -z "$bucket" ] || die "--bucket mounts a bucket, and --workdir=$workdir needs none: leave it out"
      return
      ;;
  esac
  case "$bucket:$workdir" in
    gs://*) die "--bucket takes the bare name, without gs://" ;;
    :*) note "without --bucket, what is in $workdir is lost with the slice" ;;
    *":$mount/"*) ;;
    *) die "--workdir=$workdir does not lie below --mount=$mount, where the bucket is" ;;
  esac
}

# start VERB: the program on all machines.
start() {
  check_workdir
  worker all "$1" "--config=$config" "--workdir=$workdir" ${bucket:+"--bucket=$bucket" "--mount=$mount"} \
    ${data_dir:+"--data-dir=$data_dir"} ${extra[@]+-- "${extra[@]}"}
}

status() {
  gtpu queued-resources describe "$name" '--format=value(state.state)'
  if [ -z "$dry_run" ] && [ "$(slice_state)" != ACTIVE ]; then return; fi
  worker all status
  worker 0 status "--lines=$lines"
}

# A verb with the same flags, in a shell of its own: there `set -e` holds, which it does not inside a condition.
step() { bash "$here/tpu_vm.sh" "$1" "${arguments[@]}"; }

# From a slice that is gone to a run that goes on.
again() {
  step delete || note "nothing to delete, or it could not be deleted"
  step create && step setup && step train
}

# One machine that fails leaves the others waiting for it: end them all before the next start.
restart() { worker all stop --patience=120 --kill && step train; }

watch() {
  required type
  required_bucket
  check_workdir
  if [ -n "$dry_run" ]; then
    gtpu queued-resources describe "$name" '--format=value(state.state)'
    worker 0 status
    note "again every $every s. If the program failed there:"
    restart
    note "if the slice was preempted (SUSPENDED, FAILED):"
    again
    if [ -n "$delete_when_finished" ]; then
      note "when the run has finished:"
      delete
    fi
    return
  fi
  local failures=0 unanswered=0 state word
  while :; do
    state="$(slice_state)"
    if [ "$state" = ACTIVE ]; then
      case "$(look state tpu-vm describe "$name")" in PREEMPTED | TERMINATED | STOPPED) state=SUSPENDED ;; esac
    fi
    word=""
    if [ "$state" = ACTIVE ]; then word="$(worker 0 status 2>/dev/null | tr -d '\r' | head -n 1)" || word=""; fi
    note "$(date '+%F %T') $name: $state${word:+, $word}"

    case "$state,$word" in
      UNKNOWN, | ACTIVE,) unanswered=$((unanswered + 1)) ;;
      *) unanswered=0 ;;
    esac
    [ "$unanswered" -lt 10 ] || die "no answer about --name=$name in --zone=$zone of --project=$project, ten times in a row; it may still cost"

    case "$state,$word" in
      ACTIVE,running) failures=0 ;;
      ACTIVE,finished)
        if [ -n "$delete_when_finished" ]; then delete; else note "the slice still costs; tpu_vm.sh delete gives it back"; fi
        return
        ;;
      ACTIVE,stopped)
        note "stopped on request; the slice still costs"
        return
        ;;
      ACTIVE,interrupted | ACTIVE,failed | ACTIVE,absent | FAILED,) failures=$((failures + 1)) ;;
    esac
    [ "$failures" -le "$max_restarts" ] ||
      die "failed more than --max-restarts=$max_restarts times in a row; the slice may still cost. tpu_vm.sh status shows the log"

    case "$state,$word" in
      SUSPENDED, | FAILED,) again || failures=$((failures + 1)) ;;
      ACTIVE,absent) { step setup && step train; } || note "could not start; will try again" ;;
      ACTIVE,interrupted | ACTIVE,failed) restart || note "could not start; will try again" ;;
    esac
    sleep "$every"
  done
}

verb="${1:-}"
[ $# -eq 0 ] || shift
arguments=("$@")
case "$verb" in
  whole | plan | create | setup | train | resume | run | status | stop | delete | watch) parse "$@" ;;
  "" | --help | -h | help)
    usage
    exit 0
    ;;
  *) die "unknown verb '$verb'; one of whole, plan, create, setup, train, resume, run, status, stop, delete, watch" ;;
esac
[ "$verb" = plan ] || required name zone project
if [ -n "$topology" ]; then agree; fi
case "$verb" in
  train | resume) start train ;;
  run) start run ;;
  stop) worker all stop ;;
  *) "$verb" ;;
esac
