#!/usr/bin/env bash
# Builds the node agent: agent/build/hop.bpf.o (eBPF), agent/build/hoptrace-loader, and agent/build/hoptrace-agent, which
# runs the agent as one bundled file (scripts/bundleAgent.ts; left out before npm ci).
# Does nothing where these are newer than their sources. --force builds anyway.
# --arch amd64|arm64 builds for another machine, into agent/build/ARCH: the object, and the loader where a cross compiler
# and the libraries of that architecture are there.
# CLANG, LLVM_STRIP, CC, CFLAGS and LDFLAGS are honoured; LDFLAGS=-static gives a loader without run-time packages.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source_dir=$root/agent/bpf
build_dir=$root/agent/build
is_forced=no
arch=
while [ $# -gt 0 ]; do
  case $1 in
    --force) is_forced=yes ;;
    --arch) arch=${2:-} && shift ;;
    *) echo "agent:build: '$1' is no option; there are --force and --arch amd64|arm64" >&2 && exit 2 ;;
  esac
  shift
done
case $(uname -m) in x86_64) own_arch=amd64 ;; aarch64) own_arch=arm64 ;; *) own_arch=$(uname -m) ;; esac
case ${arch:=$own_arch} in
  amd64) bpf_arch=x86 triple=x86_64-linux-gnu ;;
  arm64) bpf_arch=arm64 triple=aarch64-linux-gnu ;;
  *) echo "agent:build: --arch is '$arch' but must be amd64 or arm64" >&2 && exit 2 ;;
esac
[ "$arch" = "$own_arch" ] || build_dir=$build_dir/$arch
object=$build_dir/hop.bpf.o
loader=$build_dir/hoptrace-loader
loader_sources=(loader.c capabilities.c check.c conntrack.c conntrack_message.c conntrack_old.c control.c hello.c
  interfaces.c messages.c namespaces.c ndjson.c options.c output.c probes.c programs.c text.c)

fail() {
  echo "agent:build: $1" >&2
  exit 1
}

[ "$(uname -s)" = Linux ] || fail "the agent runs on Linux only (this is $(uname -s)); use 'npm start -- --demo' here"

is_up_to_date() {
  [ -f "$object" ] && [ -x "$loader" ] || return 1
  local oldest=$object
  [ "$loader" -ot "$object" ] && oldest=$loader
  [ -z "$(find "$source_dir" "${BASH_SOURCE[0]}" -type f -newer "$oldest" -print -quit)" ]
}

# The first of the given commands that exists.
first_command() {
  local name
  for name in "$@"; do
    [ -n "$name" ] && command -v "$name" && return 0
  done
  return 1
}

find_clang() {
  local name
  for name in "${CLANG:-}" clang clang-{20,19,18,17,16,15,14,13,12}; do
    [ -n "$name" ] && command -v "$name" >/dev/null || continue
    "$name" --print-targets 2>/dev/null | grep -qw bpf && command -v "$name" && return 0
  done
  return 1
}

has_header() {
  echo "#include <$1>" | "$cc" ${CFLAGS:-} -E -x c - >/dev/null 2>&1
}

has_libbpf_1() {
  printf '#include <bpf/libbpf_version.h>\n#if LIBBPF_MAJOR_VERSION < 1\n#error old\n#endif\n' |
    "$cc" ${CFLAGS:-} -E -x c - >/dev/null 2>&1
}

missing_debian=()
missing_fedora=()
missing_what=()
missing() {
  missing_what+=("$1")
  missing_debian+=("$2")
  missing_fedora+=("$3")
}

check_tools() {
  clang=$(find_clang) || missing 'clang with the bpf target' clang clang
  if [ "$arch" != "$own_arch" ]; then
    # Without it the object alone is built, and that is said.
    cc=$(first_command "${CC:-}" "$triple-gcc") || cc=
    [ -n "$cc" ] && { has_header libmnl/libmnl.h && has_header libelf.h && has_header zlib.h && has_libbpf_1 || cc=; }
  elif cc=$(first_command "${CC:-}" cc gcc); then
    has_header stdio.h || missing 'C library headers' libc6-dev glibc-devel
    has_header linux/bpf.h || missing 'kernel headers' linux-libc-dev kernel-headers
    has_libbpf_1 || missing 'libbpf headers, 1.0 or later (Debian 12, Ubuntu 24.04, Fedora 37)' libbpf-dev libbpf-devel
    has_header libmnl/libmnl.h || missing 'libmnl headers' libmnl-dev libmnl-devel
    has_header libelf.h || missing 'libelf headers' libelf-dev elfutils-libelf-devel
    has_header zlib.h || missing 'zlib headers' zlib1g-dev zlib-devel
  else
    missing 'a C compiler and the libraries' 'gcc libc6-dev libbpf-dev libelf-dev libmnl-dev zlib1g-dev' \
      'gcc glibc-devel libbpf-devel elfutils-libelf-devel libmnl-devel zlib-devel'
  fi
  [ ${#missing_what[@]} -eq 0 ] && return 0
  {
    printf 'agent:build: missing: %s' "${missing_what[0]}"
    [ ${#missing_what[@]} -gt 1 ] && printf ', %s' "${missing_what[@]:1}"
    printf '\n  Debian, Ubuntu: apt-get install %s\n' "${missing_debian[*]}"
    printf '  Fedora, RHEL:   dnf install %s\n' "${missing_fedora[*]}"
  } >&2
  exit 1
}

# Each file is written beside its place and moved there: a reader never sees half of one.
build_object() {
  local strip multiarch=/usr/include/$triple include=()
  # The kernel's headers are the same but for asm/, of which the programs need what all machines share.
  [ -d "$multiarch" ] || multiarch=/usr/include/$(uname -m)-linux-gnu
  [ -d "$multiarch" ] && include=(-idirafter "$multiarch")
  "$clang" -target bpf "-D__TARGET_ARCH_$bpf_arch" -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Wno-unused-parameter \
    ${include[@]+"${include[@]}"} -c "$source_dir/hop.bpf.c" -o "$object.new.$$" || return 1
  # Only DWARF goes; BTF, which CO-RE needs, stays. Without the tool the object is larger, no worse.
  if strip=$(first_command "${LLVM_STRIP:-}" "${clang/clang/llvm-strip}" llvm-strip); then
    "$strip" -g "$object.new.$$" || return 1
  fi
  mv "$object.new.$$" "$object"
}

build_loader() {
  (cd "$source_dir" && "$cc" -std=gnu11 -O2 -g -Wall -Wextra ${CFLAGS:-} -o "$loader.new.$$" \
    "${loader_sources[@]}" ${LDFLAGS:-} -lbpf -lelf -lz -lmnl) || return 1
  mv "$loader.new.$$" "$loader"
}

# A bundle takes 0.1 s, the look whether one is needed almost as long.
build_bundle() {
  [ -x "$root/node_modules/.bin/tsx" ] || return 0
  (cd "$root" && node --import tsx scripts/bundleAgent.ts)
}

if [ $is_forced = no ] && is_up_to_date; then
  [ "$arch" != "$own_arch" ] || build_bundle || fail 'could not bundle agent/src; the messages above say why'
  echo "agent:build: up to date"
  exit 0
fi
check_tools
mkdir -p "$build_dir"
trap 'rm -f "$object.new.$$" "$loader.new.$$"' EXIT
build_object || fail "could not compile agent/bpf/hop.bpf.c (needs clang 12 or later; this is $("$clang" --version | head -n 1))"
if [ "$arch" != "$own_arch" ] && [ -z "$cc" ]; then
  echo "agent:build: built ${object#"$root"/}; not the loader: it takes $triple-gcc and the libraries of $arch" \
    "(Debian: dpkg --add-architecture $arch; apt-get install gcc-$triple libbpf-dev:$arch libelf-dev:$arch" \
    "zlib1g-dev:$arch libmnl-dev:$arch)"
  exit 0
fi
build_loader || fail 'could not build the loader; the messages above say why'
if [ "$arch" != "$own_arch" ]; then
  echo "agent:build: built ${object#"$root"/} and ${loader#"$root"/}; agent/build/hoptrace-agent.mjs is for all machines"
  exit 0
fi
build_bundle || fail 'could not bundle agent/src; the messages above say why'
echo "agent:build: built agent/build/hop.bpf.o, agent/build/hoptrace-loader and agent/build/hoptrace-agent"
