#!/bin/bash
# Runs the shop's services under load for SECONDS, with real incidents in it. Run it as root:
#   unshare --uts --mount bash stack.sh [SECONDS]
set -u
SECONDS_OF_LOAD=${1:-960}
hostname shop-1
PG=/usr/lib/postgresql/15/bin
as() { local user=$1; shift; setpriv --reuid="$user" --regid="$user" --init-groups env -i HOME=/srv USER="$user" PATH=/srv/venv/bin:/usr/bin:/bin LANG=C.UTF-8 TZ=UTC "$@"; }
run() { local user=$1; shift; exec setpriv --reuid="$user" --regid="$user" --init-groups env -i HOME=/srv USER="$user" PATH=/srv/venv/bin:/usr/bin:/bin LANG=C.UTF-8 TZ=UTC "$@"; }  # for the background
mount -t tmpfs -o size=4m,mode=777 tmpfs /srv/app/invoices
mount --bind /srv/etc/crontab /etc/crontab; mount --bind /srv/etc/cron.d /etc/cron.d
install -d -o postgres /srv/pg; install -d -o shop /srv/redis /srv/log
cd /srv
as postgres $PG/initdb -D /srv/pg/data -A trust -U postgres >/dev/null
cat >> /srv/pg/data/postgresql.conf <<'CONF'
port = 5433
listen_addresses = '127.0.0.1'
unix_socket_directories = '/srv/pg'
max_connections = 20
superuser_reserved_connections = 2
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = 300
log_lock_waits = on
log_checkpoints = on
log_temp_files = 0
work_mem = '256kB'
deadlock_timeout = 500ms
checkpoint_timeout = 60s
shared_buffers = 32MB
log_timezone = UTC
timezone = UTC
CONF
start_pg() { as postgres $PG/pg_ctl -D /srv/pg/data -l /srv/log/postgresql.log -w start >/dev/null; }
touch /srv/log/postgresql.log; chown postgres /srv/log/postgresql.log
start_pg
as postgres $PG/psql -q -h 127.0.0.1 -p 5433 -U postgres -c 'CREATE ROLE shop LOGIN' -c 'CREATE DATABASE shop OWNER shop'
as shop $PG/psql -q -h 127.0.0.1 -p 5433 -U shop -d shop -f /srv/app/schema.sql
rsyslogd -n -f /srv/etc/rsyslog.conf -i /srv/etc/rsyslogd.pid & SYSLOG=$!
sleep 1; cron -f & CRON=$!
/usr/sbin/sshd -D -f /srv/etc/sshd_config & SSHD=$!
run shop redis-server /srv/etc/redis.conf & sleep 1
run shop /usr/bin/python3 /srv/app/relay.py & RELAY=$!
web() { run shop SHOP_RELEASE=$1 gunicorn --chdir /srv/app -w 2 -k gthread --threads 12 -b 127.0.0.1:8000 --log-file /srv/log/gunicorn.log --pid /srv/log/gunicorn.pid shop_web:app >>/srv/log/shop-web.jsonl & }
web 2.3.0
run shop java -Xmx64m '-Djava.util.logging.SimpleFormatter.format=%1$tF %1$tT.%1$tL %4$-7s [%3$s] %5$s%6$s%n' -cp /srv/app/classes Invoiced 2>>/srv/log/invoiced.log & JAVA=$!
run shop node /srv/app/notifier.js >>/srv/log/notifier.log & NODE=$!
/usr/sbin/nginx -c /srv/etc/nginx.conf
run shop python3 /srv/app/restock.py & RESTOCK=$!
sleep 2
run shop /usr/bin/python3 /srv/app/load.py "$SECONDS_OF_LOAD" & LOAD=$!
BEGAN=$(date +%s)
at() { local wait=$(( BEGAN + $1 * SECONDS_OF_LOAD / 960 - $(date +%s) )); [ $wait -gt 0 ] && sleep $wait; echo "$(date -u +%T) $2" >&2; }
guess() { for name in admin oracle test ubuntu; do sshpass -p guess ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=password -o NumberOfPasswordPrompts=2 -p 2222 $name@127.0.0.1 true 2>/dev/null; done; }
enter() { ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i /srv/etc/ssh/deploy -p 2222 deploy@127.0.0.1 true 2>/dev/null; }
at 60 "ssh guesses"; guess
at 150 "deploy"; enter; logger -t deploy "release 2.4.0 started by deploy"
kill $(cat /srv/log/gunicorn.pid); sleep 2; web 2.4.0; logger -t deploy "release 2.4.0 done"
at 260 "ssh guesses"; guess
at 330 "relay stops"; kill $RELAY
at 365 "relay starts"; run shop /usr/bin/python3 /srv/app/relay.py & RELAY=$!
at 480 "database stops"; logger -p daemon.warning -t dbctl "stopping postgresql for maintenance"; as postgres $PG/pg_ctl -D /srv/pg/data -m fast stop >/dev/null
at 550 "database starts"; start_pg; logger -t dbctl "postgresql is up again"
at 640 "redis cannot save"; chown root /srv/redis
at 690 "redis can save again"; chown shop /srv/redis
at 780 "web service is gone"; kill -9 $(pgrep -P $(cat /srv/log/gunicorn.pid)) ; kill -9 $(cat /srv/log/gunicorn.pid)
at 795 "web service is back"; rm -f /srv/log/gunicorn.pid; web 2.4.0
at 860 "backup gets in the way"; as postgres $PG/psql -q -h 127.0.0.1 -p 5433 -U postgres -d shop -c 'BEGIN; LOCK TABLE products IN SHARE MODE; SELECT pg_sleep(8); COMMIT' >/dev/null
at 900 "ssh guesses"; guess; enter
wait $LOAD
kill $(cat /srv/etc/nginx.pid) $(cat /srv/log/gunicorn.pid) $JAVA $NODE $RELAY $RESTOCK
redis-cli -p 6380 shutdown nosave
as postgres $PG/pg_ctl -D /srv/pg/data -m fast stop >/dev/null
kill $CRON $SSHD $SYSLOG
rm -f /dev/log /srv/log/gunicorn.pid
