#!/bin/sh
# Builds src/pause/pause.c for amd64 and arm64 and writes both binaries, as base64, to
# src/pause/binaries.generated.ts: the file that is bundled and shipped.
#
#   scripts/build-pause.sh           build and write
#   scripts/build-pause.sh --check   build and compare with what is committed; exit 1 when the bytes differ
#
# The output is the same bytes every time with the same compiler, and only with the same one: what is
# committed was made by Debian 12's gcc 12.2.0 with binutils 2.40 (packages gcc and gcc-aarch64-linux-gnu;
# on an arm64 machine gcc-x86-64-linux-gnu). With another compiler --check still builds, so that a broken
# source is found, and says loudly that the bytes could not be compared.
set -eu
cd "$(dirname "$0")/.."

expected_gcc=12.2.0
expected_ld=2.40
source=src/pause/pause.c
target=src/pause/binaries.generated.ts

mode=write
case "${1:-}" in
'') ;;
--check) mode=check ;;
*)
	echo "usage: $0 [--check]" >&2
	exit 2
	;;
esac

have() { command -v "$1" >/dev/null 2>&1; }

if ! have x86_64-linux-gnu-gcc || ! have aarch64-linux-gnu-gcc; then
	packages='gcc gcc-aarch64-linux-gnu'
	if [ "$(uname -m)" = aarch64 ]; then packages='gcc gcc-x86-64-linux-gnu'; fi
	if have apt-get && [ "$(id -u)" = 0 ]; then
		echo "build-pause: installing $packages" >&2
		apt-get install -y -q $packages >&2 || { apt-get update -q >&2 && apt-get install -y -q $packages >&2; }
	else
		echo "build-pause: x86_64-linux-gnu-gcc and aarch64-linux-gnu-gcc are needed: install $packages" >&2
		exit 1
	fi
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # triplet architecture [flag]
	"$1-gcc" -std=c11 -Wall -Wextra -Werror -Os -nostdlib -static -ffreestanding -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-pic -no-pie -fno-ident -fno-tree-loop-distribute-patterns \
		-fcf-protection=none -o "$work/pause-$2" ${3:-} "$source" \
		-Wl,-n,--build-id=none,--gc-sections,-z,noseparate-code,-z,norelro,-z,noexecstack -s
	"$1-strip" -R .comment -R .note.gnu.property "$work/pause-$2"
}
build x86_64-linux-gnu amd64
build aarch64-linux-gnu arm64 -mno-outline-atomics

encode() { base64 "$1" | tr -d '\n'; }
cat >"$work/binaries.generated.ts" <<TS
/**
 * The infra image's program, built from pause.c by scripts/build-pause.sh with gcc $expected_gcc. Do not edit.
 */

/** architecture → the static ELF binary, as base64 */
export const PAUSE_BINARIES = {
	amd64: '$(encode "$work/pause-amd64")',
	arm64: '$(encode "$work/pause-arm64")',
} as const;
TS

same_tools=yes
for triplet in x86_64-linux-gnu aarch64-linux-gnu; do
	gcc_version=$("$triplet-gcc" -dumpfullversion)
	ld_version=$("$triplet-ld" --version | sed -n '1s/.* //p')
	if [ "$gcc_version" != "$expected_gcc" ] || [ "$ld_version" != "$expected_ld" ]; then
		same_tools="no: $triplet has gcc $gcc_version and binutils $ld_version"
	fi
done

if [ "$mode" = check ]; then
	if [ "$same_tools" != yes ]; then
		echo "build-pause: WARNING: NOT COMPARED. pause.c builds, but the shipped bytes need gcc $expected_gcc and binutils $expected_ld ($same_tools)" >&2
		exit 0
	fi
	if ! cmp -s "$work/binaries.generated.ts" "$target"; then
		echo "build-pause: $target is not what $source builds to: run scripts/build-pause.sh and commit the result" >&2
		exit 1
	fi
	echo "build-pause: $target is what $source builds to, byte for byte"
	exit 0
fi

if [ "$same_tools" != yes ]; then
	echo "build-pause: these would not be the bytes to ship: gcc $expected_gcc and binutils $expected_ld are needed ($same_tools)" >&2
	exit 1
fi
cp "$work/binaries.generated.ts" "$target"
for architecture in amd64 arm64; do
	echo "build-pause: $architecture $(wc -c <"$work/pause-$architecture") bytes $(sha256sum "$work/pause-$architecture" | cut -c1-12)"
done
