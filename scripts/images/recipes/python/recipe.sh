# python:3.11-slim (Debian's 3.11), laid out like the public image as far as programs without packages of their own go.
image=python:3.11-slim
