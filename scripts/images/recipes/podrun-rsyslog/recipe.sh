# podrun/rsyslog:1, rsyslogd with its output to Redis, for examples/rsyslog and examples/log-collector. It is in no registry: its source is the example's.
image=podrun/rsyslog:1
pull=no
context=examples/rsyslog/image
