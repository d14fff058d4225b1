#!/bin/sh
# slim.sh ROOT: what a slim image leaves out, now and for packages installed later; no service starts in a build.
set -e
cd "$1"
rm -rf usr/share/man/* usr/share/info/* usr/share/locale/* usr/share/lintian/*
find usr/share/doc -depth -type f ! -name copyright -delete
find usr/share/doc -type l -delete
find usr/share/doc -depth -type d -empty -delete
for path in man info locale doc; do echo "path-exclude=/usr/share/$path/*"; done >etc/dpkg/dpkg.cfg.d/slim
echo 'path-include=/usr/share/doc/*/copyright' >>etc/dpkg/dpkg.cfg.d/slim
# the name that the public image has for it
for file in etc/apt/sources.list.d/0000*.sources; do [ ! -e "$file" ] || mv "$file" etc/apt/sources.list.d/debian.sources; done
echo 'APT::Keep-Downloaded-Packages "false";' >etc/apt/apt.conf.d/99slim
printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d
