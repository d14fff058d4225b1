# nginx:1.22 (Debian's 1.22.1), laid out like the public image.
image=nginx:1.22
