# shellcheck shell=bash
# Flags for the scripts of this folder. Works on the bash 3.2 of macOS too.
#
# A script declares what it knows and calls `parse`:
#
#   options="name zone"     --name=x or --name x sets $name; --data-dir sets $data_dir
#   switches="spot"         --spot sets $spot to 1
#   parse "$@"              --dry-run and --help are always known; what follows -- goes to the array `extra`
#
# paths="venv": of these options, a ~ at the beginning is the home folder; `parse` replaces it.
# Every option and switch may also come from the environment, as GAN_JAX_NAME, GAN_JAX_DATA_DIR ...

options="${options:-}"
switches="${switches:-}"
paths="${paths:-}"
dry_run="${GAN_JAX_DRY_RUN:-}"
extra=()

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 2
}

note() { printf '# %s\n' "$*" >&2; }

# The words as a line that a shell reads back as exactly these words.
quoted() {
  local word line=""
  for word in "$@"; do
    case "$word" in
      "" | *[!A-Za-z0-9_./:=,@%+-]*) word="'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'" ;;
    esac
    line="$line${line:+ }$word"
  done
  printf '%s\n' "$line"
}

# Runs a command, or prints it in a dry run.
run() {
  if [ -n "$dry_run" ]; then quoted "$@"; else "$@"; fi
}

# The comment at the head of a script is its usage.
usage() { sed -n '2,/^[^#]/{/^#SBATCH/d;s/^# \{0,1\}//p;}' "$0"; }

flag_of() { printf -- '--%s' "${1//_/-}"; }

# required name zone: ends with the name of the first flag that has no value.
required() {
  local variable
  for variable in "$@"; do
    [ -n "${!variable:-}" ] || die "$(flag_of "$variable") is missing; see --help"
  done
}

from_environment() {
  local variable upper
  [ -n "${!GAN_JAX_*}" ] || return 0
  for variable in $options $switches; do
    upper="GAN_JAX_$(printf '%s' "$variable" | tr '[:lower:]' '[:upper:]')"
    if [ -n "${!upper:-}" ]; then printf -v "$variable" '%s' "${!upper}"; fi
  done
}

# A shell leaves the ~ of --workdir=~/runs as it is.
expand_home() {
  local variable
  for variable in $paths; do
    # shellcheck disable=SC2088 # it is meant as a letter
    case "${!variable:-}" in "~" | "~/"*) printf -v "$variable" '%s' "$HOME${!variable#"~"}" ;; esac
  done
}

parse() {
  parse_words "$@"
  expand_home
}

parse_words() {
  local flag variable
  from_environment
  while [ $# -gt 0 ]; do
    flag="${1%%=*}"
    variable="${flag#--}"
    variable="${variable//-/_}"
    case "$flag" in
      --)
        shift
        # shellcheck disable=SC2034 # the scripts read it
        extra=("$@")
        return
        ;;
      --help | -h)
        usage
        exit 0
        ;;
      --dry-run)
        [ "$1" = "$flag" ] || die "$flag takes no value"
        dry_run=1
        ;;
      --*)
        case " $switches " in
          *" $variable "*)
            [ "$1" = "$flag" ] || die "$flag takes no value"
            printf -v "$variable" '1'
            shift
            continue
            ;;
        esac
        case " $options " in *" $variable "*) ;; *) die "unknown flag $flag; see --help" ;; esac
        if [ "$1" != "$flag" ]; then
          printf -v "$variable" '%s' "${1#*=}"
        else
          [ $# -gt 1 ] || die "$flag needs a value"
          printf -v "$variable" '%s' "$2"
          shift
        fi
        ;;
      *) die "unexpected word '$1'; flags of the program itself go after --" ;;
    esac
    shift
  done
}
