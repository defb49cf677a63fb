#!/bin/bash
# Prepares a throw-away Debian 12 machine for a recording, as root, from this folder. It adds users and packages and
# writes under /srv. Then record:
#   (cd /srv/ci && unshare --uts --mount /srv/venv/bin/python3 ci.py /srv/ci/out)   # builds, about 5 minutes
#   unshare --uts --mount bash /srv/app/stack.sh 900                                # logs in /srv/log, 15 minutes
set -eu
cd "$(dirname "$0")"
apt-get install -y --no-install-recommends python3-venv postgresql nginx-light redis-server rsyslog cron openssh-server \
  sshpass nodejs npm default-jdk-headless gcc make git curl cargo
install -d /srv/app/invoices /srv/etc/ssh /srv/etc/cron.d /srv/html/img /srv/ci/checkout /srv/rust /run/sshd
cp app/* /srv/app; cp etc/* /srv/etc; cp ci/* /srv/ci; chmod 755 /srv/app/rotate-coupons
id shop || useradd -m -d /srv/home-shop -s /bin/bash shop
id deploy || useradd -m -d /srv/home-deploy -s /bin/bash deploy
id ci || useradd -M -d /srv/home-ci -s /bin/bash ci
usermod -p '*' deploy
/usr/bin/python3 -m venv /srv/venv
/srv/venv/bin/pip install flask gunicorn 'psycopg[binary]' redis pytest ruff psutil
(cd /srv/ci/checkout && npm init -y && npm install typescript@5 vitest@3 eslint@9 typescript-eslint@8)
[ -e /srv/rust/bin ] || ln -s /usr/bin /srv/rust/bin
javac -d /srv/app/classes /srv/app/Invoiced.java
ssh-keygen -q -t ed25519 -N '' -C host -f /srv/etc/ssh/host_ed25519
ssh-keygen -q -t ed25519 -N '' -C deploy -f /srv/etc/ssh/deploy
cp /srv/etc/ssh/deploy.pub /srv/etc/ssh/authorized_deploy
for i in 1 4 7 9 12 20; do head -c $((i * 900)) /dev/zero > /srv/html/img/box-$i.webp; done
install -d -o shop /srv/redis /srv/log /srv/.gunicorn /srv/app/invoices
chmod -R a+rX /srv/app /srv/venv /srv/ci /srv/rust
chmod 600 /srv/etc/ssh/*; chmod 644 /srv/etc/ssh/authorized_deploy
