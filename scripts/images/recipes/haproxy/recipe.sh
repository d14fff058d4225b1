# haproxy:2.6 (Debian's 2.6.12), laid out like the public image.
image=haproxy:2.6
