#!/usr/bin/env bash
# Installs what the kernel, lab, browser and container tests need on Debian or Ubuntu. Idempotent: says what is missing,
# installs that and nothing else. Does nothing where it may not (not root, no apt-get) but say so.
set -euo pipefail

# command that must be there, and the Debian package that brings it
need=(
  "gcc gcc" "make make" "ip iproute2" "nft nftables" "iptables-nft-restore iptables" "conntrack conntrack"
  "haproxy haproxy" "nginx nginx-light" "chromium chromium" "curl curl" "ping iputils-ping" "sysctl procps"
  "promtool prometheus" "prometheus-alertmanager prometheus-alertmanager"
  "podman podman" "buildah buildah" "runc runc" "mmdebstrap mmdebstrap" "docker-compose docker-compose" "openssl openssl"
)
# file that must be there, and its package
need_files=(
  "/usr/include/stdio.h libc6-dev" "/usr/include/bpf/libbpf.h libbpf-dev" "/usr/include/libelf.h libelf-dev" "/usr/include/zlib.h zlib1g-dev" "/usr/include/libmnl/libmnl.h libmnl-dev"
  "/usr/lib/podman/netavark netavark" "/usr/lib/podman/aardvark-dns aardvark-dns" "/usr/bin/catatonit catatonit"
  "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core"
)

missing=()
PATH="$PATH:/usr/sbin:/sbin"
for entry in "${need[@]}"; do
  read -r program package <<<"$entry"
  command -v "$program" >/dev/null || missing+=("$package")
done
for entry in "${need_files[@]}"; do
  read -r file package <<<"$entry"
  [ -e "$file" ] || missing+=("$package")
done
# clang and llvm-strip may carry their version in the name
has_versioned() { [ -n "$(compgen -c "$1" | grep -E "^$1(-[0-9]+)?\$" || true)" ]; }
has_versioned clang || missing+=(clang)
has_versioned llvm-strip || missing+=(llvm)

if [ ${#missing[@]} -eq 0 ]; then
  echo "host: everything needed is installed"
  exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "host: not installed: ${missing[*]}" >&2
  echo "host: run this as root on Debian or Ubuntu, or: sudo apt-get install ${missing[*]}" >&2
  exit 3
fi
echo "host: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q -o Dpkg::Use-Pty=0 >/dev/null
apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null
echo "host: installed"
