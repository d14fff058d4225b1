# redis:7 (Debian's 7.0), laid out like the public image.
image=redis:7
