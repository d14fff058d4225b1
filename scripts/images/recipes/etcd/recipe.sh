# quay.io/coreos/etcd:v3.4.23 (Debian's 3.4.23), laid out like the public image: no shell, nothing but etcd and what it needs.
image=quay.io/coreos/etcd:v3.4.23
