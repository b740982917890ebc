#!/bin/sh
# Collects what an image needs of the one that it is built from: programs, the libraries that they are
# linked with, and the names of its user. Nothing is installed, so nothing is fetched.
set -eu
server="$1"
root="$2"

case "$server" in
filesystem | postgres | demonstration) programs='/usr/local/bin/node' ;;
git) programs='/usr/local/bin/node /usr/bin/git' ;;
*)
  echo "SERVER must be filesystem, postgres or git, not \"$server\"" >&2
  exit 1
  ;;
esac

# To the place where it is looked for, as the file itself, not as a link to it.
bring() {
  mkdir -p "$root$(dirname "$1")"
  cp --dereference "$1" "$root$1"
}

for program in $programs; do
  bring "$program"
  for library in $(ldd "$program" | grep -o '/[^ ]*'); do bring "$library"; done
done

# Whoever passes the image on passes these on with it.
for licence in /usr/local/LICENSE /usr/share/doc/*/copyright; do
  case "$licence" in
  /usr/local/LICENSE | */libc6/* | */libstdc++6/* | */libgcc-s1/* | */git/* | */libpcre2-8-0/* | */zlib1g/*)
    [ ! -f "$licence" ] || bring "$licence"
    ;;
  esac
done

mkdir -p "$root/etc"
echo 'mcp:x:65532:65532::/:/nonexistent' >"$root/etc/passwd"
echo 'mcp:x:65532:' >"$root/etc/group"
# The only place that a server may write to, and only where a file system is mounted for it.
mkdir -m 1777 "$root/tmp"
