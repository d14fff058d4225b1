# podrun/mesh-proxy:1, the proxy of examples/transparent-proxy. It is in no registry: its source is the example's.
image=podrun/mesh-proxy:1
pull=no
context=examples/transparent-proxy/proxy
