#!/bin/sh
# What the tests need of the entrypoint of the image whose name this one takes: options without the
# command, a user without rights, and a server that answers from outside.
set -eu

case "${1:-redis-server}" in
-*) set -- redis-server "$@" ;;
redis-server) ;;
*) exec "$@" ;;
esac

if [ "$(id -u)" = 0 ]; then
  chown redis:redis /data
  exec setpriv --reuid=redis --regid=redis --init-groups -- "$0" "$@"
fi

# The image is built without this mode; Debian's package has it, and it refuses what is not loopback.
exec "$@" --protected-mode no
