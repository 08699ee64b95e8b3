# shellcheck shell=bash
# Which TPU slices there are, so that one that does not exist is refused before anything is sent. For flags.sh's scripts.
#
# From cloud.google.com/tpu/docs, "TPU configurations" and the page of each version (read 2026-11-27): a slice of v2, v3,
# v5e and v6e is a rectangle of one shape for each number of chips; one of v4 and v5p is a box whose sides grow, each 1, 2
# or a multiple of 4. An accelerator type says the number alone, and then comes as the box nearest to a cube.

slices_of() {
  case "$1" in
    v2) echo "2x2 4x4 4x8 8x8 8x16 16x16" ;;
    v3) echo "2x2 4x4 4x8 8x8 8x16 16x16 16x32 32x32" ;;
    v4) echo "2x2x1 2x2x2 2x2x4 2x4x4 4x4x4 4x4x8 4x8x8 8x8x8 8x8x12 8x8x16 8x16x16" ;;
    v5e | v6e) echo "1x1 2x2 2x4 4x4 4x8 8x8 8x16 16x16" ;;
    v5p) echo "2x2x1 2x2x2 2x2x4 2x4x4 4x4x4 4x4x8 4x8x8 8x8x8 8x8x16 8x16x16 16x16x16 16x16x24" ;;
  esac
}

# check_slice KIND SIDES TYPED: ends with the slices that there are, where this is none of them.
check_slice() {
  local known topology="$3"
  known="$(slices_of "$1")"
  [ -n "$known" ] || die "--topology=$topology: the kinds are v2, v3, v4, v5e, v5p and v6e"
  case " $known " in
    *" $2 "*) ;;
    *) die "--topology=$topology does not exist: a slice of $1 is one of ${known// /, }" ;;
  esac
}

chips_of() {
  local chips=1 side
  for side in ${1//x/ }; do chips=$((chips * side)); done
  echo "$chips"
}
