#!/bin/sh
# Starts Redis or Sentinel with a configuration file of its own beside its data. Sentinel keeps there who is the master, and
# has Redis keep there whose replica it is. $1 names the pair: the file of another pair decides nothing.
set -eu
own=/data/pair-$1.conf
shift
if [ ! -e "$own" ]; then
    rm -f /data/pair-*
    (umask 077 && cp "/etc/redis/$(hostname).conf" "$own.new")
    mv "$own.new" "$own"
fi
exec docker-entrypoint.sh redis-server "$own" "$@"
