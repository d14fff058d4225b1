#!/bin/sh
# /etc/nginx/templates/NAME.template becomes /etc/nginx/conf.d/NAME, with the environment's variables put in and nginx's own left alone.
set -e
names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
for template in /etc/nginx/templates/*.template; do
	[ ! -e "$template" ] || envsubst "$names" <"$template" >"/etc/nginx/conf.d/$(basename "$template" .template)"
done
