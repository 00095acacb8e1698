# The steps of ./test, and the measurements, by name; `just` lists them. Nothing is done here that those scripts do not do.

[private]
default:
    @just --list --unsorted

# Formatting, lints, unit and documentation tests, tidiness
quick:
    ./test quick

# Everything, as CI runs it
check:
    ./test

# The end-to-end tests; arguments go to pytest (`just e2e -k lock`)
e2e *arguments:
    ./test e2e {{arguments}}

# Every fuzz target for some seconds
fuzz:
    ./test fuzz

# Licences, banned crates, where crates come from
deny:
    ./test deny

# The gateway beside its peers, quickly; arguments go to bench/run (`just bench --only pages`)
bench *arguments:
    bench/run gateway --small {{arguments}}
