# Read by ctest before it runs tests: none of them uses, or adds to, what the user's own runs have kept.
set(ENV{JIT161_CACHE} off)
